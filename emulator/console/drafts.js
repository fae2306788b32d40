// What one page hands to another.

import { signal } from "./vendor/preact-signals.js";

/** The text of a scenario that is not stored yet. */
export const draft = signal(null);
/** A request that the playground begins with: {dialect, body}. */
export const request = signal(null);
