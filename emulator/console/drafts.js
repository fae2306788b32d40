// What one page hands to another: the text of a scenario, {dialect, body} for the playground, the fields of a preset.

import {signal} from "./ui.js";

export const draft = signal(null);
export const request = signal(null);
export const preset = signal(null);

export const instructs = ({role}) => ["system", "developer"].includes(role);

/** The messages of a request's body, which may have anything in their place. */
export const messagesOf = ({messages}) => [messages].flat().filter(each => each?.role);

const textOf = content =>
	[content].flat().map(part => (typeof part === "string" ? part : part?.text ?? "")).join("\n");

/** The preset that a request's body makes. */
export function presetOf({model, messages, system, prompt: _, stream: __, stream_options: ___, ...parameters}) {
	const said = messagesOf({messages}).filter(instructs).map(each => textOf(each.content));
	return {model: String(model ?? ""), system: [textOf(system), ...said].filter(Boolean).join("\n"), parameters};
}
