// The controls of a request's parameters, with the ranges that the API takes.

import { html, number } from "./ui.js";

const CHAT = [
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "max_tokens",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "stop",
  "seed",
  "n",
  "reasoning_effort",
  "logprobs",
  "top_logprobs",
];
const MESSAGES = ["max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "seed"];
const SAMPLING = [
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "stop",
  "seed",
];

/** What a schema says of a field, with the null that an optional one may be left out: {type, minimum, maximum, enum, open}. */
function range(schema) {
  const options = (schema.anyOf ?? [schema])
    .filter((each) => each.type !== "null")
    .flatMap((each) => each.anyOf ?? [each]);
  const told = Object.assign({}, ...options.slice(0, 1));
  return {
    ...told,
    minimum: told.minimum ?? told.exclusiveMinimum,
    lists: options.some((each) => each.type === "array"),
  };
}

export function Parameters({ schemas, model, dialect, values, set }) {
  const names = (dialect === "messages" ? MESSAGES : CHAT).filter((name) => {
    if (!(name in schemas)) return false;
    if (name === "reasoning_effort") return !model || model.supported_features?.includes("reasoning");
    return (
      !model?.supported_sampling_parameters ||
      !SAMPLING.includes(name) ||
      model.supported_sampling_parameters.includes(name)
    );
  });
  const put = (name, value) => set({ ...values, [name]: value });
  return html`<div class="parameters">${names.map(
    (name) =>
      html`<${Parameter} key=${dialect + name} name=${name} told=${limited(name, range(schemas[name]), model)}
        value=${values[name]} put=${(value) => put(name, value)} />`,
  )}</div>`;
}

const limited = (name, told, model) =>
  name === "max_tokens" && model?.max_output_length ? { ...told, maximum: model.max_output_length } : told;

function Parameter({ name, told, value, put }) {
  const id = "parameter-" + name;
  const unset = value === undefined;
  const { type, minimum, maximum, lists } = told;
  const bounded = maximum != null && maximum <= 1e6 && minimum != null;
  const numeric = type === "number" || type === "integer";
  const step = type === "integer" ? 1 : 0.01;
  const typed = (event) => {
    const text = event.target.value;
    put(
      text === ""
        ? undefined
        : numeric
          ? Number(text)
          : lists
            ? text
                .split(",")
                .map((each) => each.trim())
                .filter(Boolean)
            : text,
    );
  };
  const label = html`<label for=${id}>${name}</label>`;
  if (type === "boolean")
    return html`<div class="parameter">${label}
      <input id=${id} type="checkbox" checked=${value === true}
        onChange=${(event) => put(event.target.checked || undefined)} /></div>`;
  if (told.enum)
    return html`<div class="parameter">${label}
      <select id=${id} value=${value ?? ""} onChange=${(event) => put(event.target.value || undefined)}>
      <option value="">default</option>${told.enum.map((each) => html`<option value=${each}>${each}</option>`)}
        </select></div>`;
  if (!numeric)
    return html`<div class="parameter">${label}
      <input id=${id} class="mono" placeholder="none" value=${Array.isArray(value) ? value.join(", ") : (value ?? "")}
        onChange=${typed} /></div>`;
  const limits = [minimum, maximum].every((each) => each != null && Math.abs(each) < 1e9)
    ? `${number(minimum)} to ${number(maximum)}`
    : minimum != null && minimum > -1e9
      ? `from ${number(minimum)}`
      : "any number";
  return html`<div class=${"parameter" + (unset ? " unset" : "")}>${label}
    <input id=${id} type="number" step=${type === "integer" ? 1 : "any"} min=${minimum}
      max=${bounded ? maximum : undefined} placeholder=${limits} value=${value ?? ""} onInput=${typed}
      title=${limits} />
    ${bounded && html`<input type="range" aria-label=${`${name}, ${limits}`} min=${minimum} max=${maximum} step=${step}
      value=${value ?? neutral(name, minimum, maximum)} onInput=${(event) => put(Number(event.target.value))} />`}
    ${!unset && html`<button type="button" class="quiet" title="Leave it out" aria-label=${`Leave out ${name}`}
      onClick=${() => put(undefined)}>×</button>`}</div>`;
}

/** Where a slider stands that is not set: at what the field means if it is left out. */
const neutral = (name, minimum, maximum) =>
  ({
    temperature: 1,
    top_p: 1,
    repetition_penalty: 1,
    frequency_penalty: 0,
    presence_penalty: 0,
    n: 1,
    max_tokens: maximum,
  })[name] ?? minimum;
