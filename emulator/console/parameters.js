// The controls of a request's parameters, with the ranges that the API takes.

import {html, number, quiet, Select, useState, words} from "./ui.js";

const SHOWN = {
	chat: "temperature top_p top_k min_p max_tokens frequency_penalty presence_penalty repetition_penalty stop seed n \
reasoning_effort logprobs top_logprobs",
	messages: "max_tokens temperature top_p top_k stop_sequences seed",
};
/** Those that belong to every model. */
const COMMON = ["max_tokens", "n", "logprobs", "top_logprobs", "stop_sequences"];
/** What each means if it is left out. */
const NEUTRAL = {temperature: 1, top_p: 1, repetition_penalty: 1, frequency_penalty: 0, presence_penalty: 0, n: 1};

/** What a schema says of a field: {type, minimum, maximum, enum, lists}. */
function range(schema) {
	const kinds = (schema.anyOf ?? [schema]).filter(each => each.type !== "null");
	const all = kinds.flatMap(each => each.anyOf ?? [each]);
	const minimum = all[0].minimum ?? all[0].exclusiveMinimum;
	return {...all[0], minimum, lists: all.some(each => each.type === "array")};
}

function supports(model, name) {
	if (name === "reasoning_effort") return !model || model.supported_features?.includes("reasoning");
	return COMMON.includes(name) || (model?.supported_sampling_parameters?.includes(name) ?? true);
}

export function Parameters({schemas, model, dialect, values, set}) {
	const names = SHOWN[dialect].split(" ").filter(name => name in schemas && supports(model, name));
	return html`<div class="parameters">${names.map(name => {
		const told = range(schemas[name]);
		if (name === "max_tokens" && model?.max_output_length) told.maximum = model.max_output_length;
		return html`<${Parameter} key=${dialect + name} name=${name} told=${told} value=${values[name]}
			put=${value => set({...values, [name]: value})} />`;
	})}</div>`;
}

function Parameter({name, told, value, put}) {
	const {type, minimum = -Infinity, maximum = Infinity, lists} = told;
	const id = "parameter-" + name;
	const numeric = ["integer", "number"].includes(type);
	const step = type === "integer" ? 1 : 0.01;
	const leave = `Leave out ${name}`;
	// What is typed stays as it is: 0.0 is on the way to 0.05.
	const [written, keep] = useState("");
	const typed = ({target: {value: text}}) => {
		keep(text);
		put(text === "" ? undefined : numeric ? Number(text) : lists ? words(text) : text);
	};
	const control = () => {
		if (type === "boolean")
			return html`<input id=${id} type="checkbox" checked=${value === true}
				onChange=${({target}) => put(target.checked || undefined)} />`;
		if (told.enum)
			return html`<${Select} id=${id} value=${value ?? ""} pick=${value => put(value || undefined)}
				of=${[["", "default"], ...told.enum]} />`;
		if (!numeric)
			return html`<input id=${id} class="mono" placeholder="none" value=${[value ?? []].flat().join(", ")}
				onChange=${typed} />`;
		const from = minimum > -1e9 && `${number(minimum)}`;
		const limits = !from ? "any number" : maximum < 1e9 ? `${from} to ${number(maximum)}` : `from ${from}`;
		const [least, most] = [from ? minimum : undefined, from && maximum <= 1e6 ? maximum : undefined];
		return html`<input id=${id} type="number" step=${step === 1 ? 1 : "any"} min=${least} max=${most}
				placeholder=${limits} title=${limits} onInput=${typed}
				value=${written && Number(written) === value ? written : value ?? ""} />
			${most && html`<input type="range" aria-label=${`${name}, ${limits}`} min=${least} max=${most} step=${step}
				value=${value ?? (name === "max_tokens" ? most : NEUTRAL[name] ?? least)} onInput=${typed} />`}
			${value !== undefined && quiet("×", () => put(undefined), {title: leave, "aria-label": leave})}`;
	};
	return html`<div class=${"parameter" + (numeric && value === undefined ? " unset" : "")}>
		<label for=${id}>${name}</label>${control()}</div>`;
}
