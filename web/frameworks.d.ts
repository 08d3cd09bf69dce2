// What react.js takes of React, for the checks of this repository: programs have React's own types.

declare module "react" {
  export function useMemo<T>(make: () => T, known: readonly unknown[]): T;
  export function useSyncExternalStore<T>(subscribe: (listener: () => void) => () => void, read: () => T, readOnServer: () => T): T;
}
