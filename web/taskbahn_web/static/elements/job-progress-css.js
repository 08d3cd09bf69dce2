/** How `<job-progress>` looks. */

export const css = `
  :host { --tone: var(--accent-seen); }
  .box { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.45em; }
  .ready, .none { --tone: var(--muted); }
  .waiting, .expired { --tone: var(--warn); }
  .succeeded { --tone: var(--good); }
  .failed { --tone: var(--bad); }
  .cancelled { --tone: var(--muted); }

  .head { display: flex; align-items: center; gap: 0.85em; min-height: 2em; }
  .state { display: inline-flex; flex: none; align-items: center; gap: 0.55em; font-weight: 600; }
  .dot { flex: none; width: 0.6em; height: 0.6em; background: var(--tone); border-radius: 50%; }
  .ready .dot, .waiting .dot, .none .dot { background: none; border: 2px solid var(--tone); }
  .running .dot { animation: breathe 1.6s ease-in-out infinite; }
  .text { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--muted); }
  .percent { flex: none; font-weight: 600; }
  button { flex: none; min-height: 2em; padding: 0 0.8em; font-size: 0.93em; }

  .bar {
    display: block;
    height: var(--taskbahn-bar-height, 8px);
    overflow: hidden;
    background: var(--sunken);
    border-radius: 999px;
    box-shadow: inset 0 0 0 1px var(--line);
  }
  .bar.thin { height: 5px; }
  .bar i {
    display: block;
    height: 100%;
    background: var(--tone);
    border-radius: inherit;
    translate: calc((var(--share, 0) - 1) * 100%) 0;
    transition: translate 0.15s ease-out;
  }
  .bar:dir(rtl) i { translate: calc((1 - var(--share, 0)) * 100%) 0; }
  .bar.moving i { width: 30%; transition: none; animation: travel 1.5s ease-in-out infinite; }
  .cancelled .bar i, .expired .bar i { background: var(--line-strong); }
  .stale { opacity: 0.72; }
  :is(.stale, .silent) :is(.dot, .bar i) { animation-play-state: paused; }

  .foot { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5em; min-height: 1.5em; font-size: 0.93em; color: var(--muted); }
  .facts { min-width: 0; overflow-wrap: anywhere; }
  .failed .facts { color: var(--bad); }
  .left { margin-inline-start: auto; }

  .stages { display: grid; grid-template-columns: minmax(4em, 1.2fr) minmax(2em, 2fr) auto auto auto; gap: 0.3em 1em; margin-top: 0.15em; font-size: 0.93em; }
  .stage { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; }
  .stage-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .depth-1 .stage-name { padding-inline-start: 1.2em; }
  .depth-2 .stage-name { padding-inline-start: 2.4em; }
  .depth-3 .stage-name { padding-inline-start: 3.6em; }
  .depth-4 .stage-name { padding-inline-start: 4.8em; }
  .depth-5 .stage-name { padding-inline-start: 6em; }
  .stage-number { text-align: end; color: var(--muted); white-space: nowrap; }
  .stage:is(.succeeded, .ready) .stage-name { color: var(--muted); }

  @container (width < 26em) { .stage-number:nth-child(4) { display: none; } }
  :host { container-type: inline-size; }
  @keyframes breathe { 50% { opacity: 0.35; } }
  @keyframes travel { from { translate: -100% 0; } to { translate: 340% 0; } }
  @media (prefers-reduced-motion: reduce) {
    .bar.moving i { width: 100%; translate: none; opacity: 0.45; }
  }
`;
