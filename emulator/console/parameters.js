// The controls of a request's parameters, with the ranges that the API takes.

import { html, number, options } from "./ui.js";

/** What is shown of each dialect, and what each means if it is left out. */
const SHOWN = {
  chat: "temperature top_p top_k min_p max_tokens frequency_penalty presence_penalty repetition_penalty stop seed n \
reasoning_effort logprobs top_logprobs",
  messages: "max_tokens temperature top_p top_k stop_sequences seed",
};
/** Those that belong to every model, whatever its catalogue entry says. */
const COMMON = ["max_tokens", "n", "logprobs", "top_logprobs", "stop_sequences"];
const NEUTRAL = { temperature: 1, top_p: 1, repetition_penalty: 1, frequency_penalty: 0, presence_penalty: 0, n: 1 };

/** What a schema says of a field: {type, minimum, maximum, enum, lists}; the null of an optional one is left out. */
function range(schema) {
  const kinds = (schema.anyOf ?? [schema]).filter((each) => each.type !== "null");
  const all = kinds.flatMap((each) => each.anyOf ?? [each]);
  const minimum = all[0].minimum ?? all[0].exclusiveMinimum;
  return { ...all[0], minimum, lists: all.some((each) => each.type === "array") };
}

function supports(model, name) {
  if (name === "reasoning_effort") return !model || model.supported_features?.includes("reasoning");
  return COMMON.includes(name) || (model?.supported_sampling_parameters?.includes(name) ?? true);
}

export function Parameters({ schemas, model, dialect, values, set }) {
  const names = SHOWN[dialect].split(" ").filter((name) => name in schemas && supports(model, name));
  return html`<div class="parameters">${names.map((name) => {
    const told = range(schemas[name]);
    if (name === "max_tokens" && model?.max_output_length) told.maximum = model.max_output_length;
    return html`<${Parameter} key=${dialect + name} name=${name} told=${told} value=${values[name]}
      put=${(value) => set({ ...values, [name]: value })} />`;
  })}</div>`;
}

const words = (text) => text.split(",").map((each) => each.trim()).filter(Boolean);

function Parameter({ name, told, value, put }) {
  const { type, minimum = -Infinity, maximum = Infinity, lists } = told;
  const id = "parameter-" + name;
  const whole = type === "integer";
  const numeric = whole || type === "number";
  const control = () => {
    if (type === "boolean")
      return html`<input id=${id} type="checkbox" checked=${value === true}
        onChange=${({ target }) => put(target.checked || undefined)} />`;
    if (told.enum)
      return html`<select id=${id} value=${value ?? ""} onChange=${({ target }) => put(target.value || undefined)}>
        <option value="">default</option>${options(told.enum.map((each) => [each, each]))}</select>`;
    const typed = ({ target: { value: text } }) =>
      put(text === "" ? undefined : numeric ? Number(text) : lists ? words(text) : text);
    if (!numeric)
      return html`<input id=${id} class="mono" placeholder="none" value=${[value ?? []].flat().join(", ")}
        onChange=${typed} />`;
    const from = minimum > -1e9;
    const limits = from ? (maximum < 1e9 ? `${number(minimum)} to ${number(maximum)}` : `from ${number(minimum)}`)
      : "any number";
    const bounded = from && maximum <= 1e6;
    const neutral = name === "max_tokens" ? maximum : NEUTRAL[name] ?? minimum;
    return html`<input id=${id} type="number" step=${whole ? 1 : "any"} min=${from ? minimum : undefined}
        max=${bounded ? maximum : undefined} placeholder=${limits} title=${limits} value=${value ?? ""}
        onInput=${typed} />
      ${bounded && html`<input type="range" aria-label=${`${name}, ${limits}`} min=${minimum} max=${maximum}
        step=${whole ? 1 : 0.01} value=${value ?? neutral} onInput=${({ target }) => put(Number(target.value))} />`}
      ${value !== undefined && html`<button type="button" class="quiet" title="Leave it out"
        aria-label=${`Leave out ${name}`} onClick=${() => put(undefined)}>×</button>`}`;
  };
  return html`<div class=${"parameter" + (numeric && value === undefined ? " unset" : "")}>
    <label for=${id}>${name}</label>${control()}</div>`;
}
