// What one page hands to another.

import {signal} from "./ui.js";

/** The text of a scenario that is not stored yet. */
export const draft = signal(null);
/** A request that the playground begins with: {dialect, body}. */
export const request = signal(null);
/** The fields of a preset that is not saved yet. */
export const preset = signal(null);

export const instructs = ({role}) => ["system", "developer"].includes(role);

const textOf = content =>
	typeof content === "string" ? content : (content ?? []).map(part => part.text ?? "").join("\n");

/** The preset that a request's body makes. */
export function presetOf({model, messages = [], system, prompt: _, stream: __, stream_options: ___, ...parameters}) {
	const said = messages.filter(instructs).map(each => textOf(each.content));
	return {model, system: [textOf(system), ...said].filter(Boolean).join("\n"), parameters};
}
