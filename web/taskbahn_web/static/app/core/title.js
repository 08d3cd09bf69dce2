/** The title of the tab, by which a reader with many of them tells this one. */

import { useEffect } from "preact/hooks";

import { plainText } from "../../shared/plain-text.js";

/** @param {string} text  what the page is about; "": as its name says */
export function useTitle(text) {
  useEffect(() => {
    if (text) document.title = `${plainText(text)} · Taskbahn`;
  }, [text]);
}
