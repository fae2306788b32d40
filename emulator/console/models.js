// Models: the catalogue with prices, and the backends, which are switched off and slowed here.

import { get, send } from "./api.js";
import { attempt, contains, facts, html, link, number, Problem, Search, Select, tag } from "./ui.js";
import { useLoaded, useState } from "./ui.js";

const STATES = {
  up: { label: "Up, no limits", backends: null },
  gone: { label: "No backend: 504", backends: { total: 0 } },
  ill: { label: "None healthy: 529", backends: { total: 1, healthy: 0 } },
  slow: { label: "One slot, queue of 5 s", backends: { slots: 1, queue: "5s" } },
};

/** The state that the backends of a model are in, or "own" for another. */
function stateOf({ backends }) {
  if (!backends) return "up";
  if (backends.total === 0) return "gone";
  if (backends.healthy === 0) return "ill";
  return backends.slots === 1 ? "slow" : "own";
}

/** The state in a word, and its colour. */
function told(state, { healthy_now: healthy }) {
  if (state === "up") return ["up", "ok"];
  if (state === "gone") return ["no backend", "bad"];
  return healthy ? ["limited", "cut"] : ["none healthy", "bad"];
}

const perMillion = (price) => (price == null ? "–" : "$" + number(Number(price) * 1e6));

function thousands(tokens) {
  if (tokens == null || tokens < 1000) return number(tokens);
  const millions = tokens / (1 << 20);
  return millions >= 1 ? `${number(Math.round(millions * 10) / 10)}M` : `${number(Math.round(tokens / 1024))}K`;
}

export default function Models() {
  const { value, error, again } = useLoaded(async () => {
    const [{ models }, { models: backends }] = await Promise.all([get("models"), get("backends")]);
    return models.map((model) => ({ ...model, serving: backends.find((each) => each.model === model.id) ?? {} }));
  });
  const [words, set] = useState("");
  if (!value) return html`<${Problem} error=${error} />`;
  const shown = value.filter(({ id, name, description, supported_features: features }) =>
    contains([id, name, description, ...(features ?? [])], words),
  );
  return html`<div class="page">
    <div class="page-head"><h1>Models</h1><${Search} what="models" hint="reasoning" value=${words} set=${set} /></div>
    <p class="muted">Prices are USD per million tokens. The backends of a model can be switched off or slowed while
      ${" "}clients run.</p>
    <div class="models">${shown.map((model) => html`<${Model} key=${model.id} model=${model} again=${again} />`)}</div>
    ${!shown.length && html`<p>No model has “${words}”.</p>`}</div>`;
}

function Model({ model, again }) {
  const { id, name = id, serving, pricing = {} } = model;
  const put = (to) => {
    const { label, backends } = STATES[to];
    return attempt(async () => {
      await send("PUT", "backends", { model: id, backends });
      again();
    }, `${name}: ${label}`);
  };
  const state = stateOf(serving);
  const inputs = (model.input_modalities ?? []).filter((each) => each !== "text");
  const tags = [...(model.supported_features ?? []), ...inputs, model.quantization].filter(Boolean);
  return html`<article class="model">
    <header><h2><a href=${link("inferences", null, { model: id })} title="Its inferences">${name}</a></h2>
      ${tag(...told(state, serving))}</header>
    <code>${id}</code>
    <p class="muted">${model.description}</p>
    ${facts([
      ["Input", perMillion(pricing.input)],
      ["Output", perMillion(pricing.output)],
      ["Cached", perMillion(pricing.input_cache_read)],
      ["Context", thousands(model.context_length)],
      ["Output limit", thousands(model.max_output_length)],
    ])}
    <p>${tags.map((each) => tag(each))}</p>
    <footer><label for=${"backends-" + id}>Backends</label>
      <${Select} id=${"backends-" + id} value=${state} pick=${put}
        pairs=${Object.entries(STATES).map(([name, { label }]) => [name, label])}>
        ${state === "own" && html`<option value="own" disabled>as they were set</option>`}<//>
      ${serving.backends && html`<small class="muted">
        ${number(serving.running)} running, ${number(serving.waiting)} waiting</small>`}</footer>
  </article>`;
}
