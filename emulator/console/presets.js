// Presets: a model, parameters and a system prompt under a name, with versions; a request names one as its model.

import { useEffect, useState } from "./vendor/preact-hooks.js";
import { apiRoot, get, path, query, send } from "./api.js";
import { preset as handed } from "./drafts.js";
import { attempt, Code, Empty, Field, go, html, link, plural, Problem, route, short, useLoaded } from "./ui.js";

const NEW = { name: "", model: "zai-org/GLM-5.3", description: "", system: "", parameters: {}, versions: [] };

export default function Presets() {
  const { id } = route.value;
  const { value, error, again } = useLoaded(() => get("presets"));
  if (error) return html`<div class="page"><${Problem} error=${error} /></div>`;
  if (!value) return null;
  const { presets, folder } = value;
  return html`<div class=${"split" + (id ? " open" : "")}>
    <section class="side list" aria-label="List of presets"><div class="search"><h1>Presets</h1>
      <a class="button" href=${link("presets", "new")}>New</a></div>
      <ul class="stories">${presets.map(
        (
          each,
        ) => html`<li key=${each.name}><a href=${link("presets", each.name)}
          aria-current=${each.name === id ? "true" : undefined}>
        <span class="story-name"><b>${each.name}</b>${each.mistake && html` <span class="tag bad">mistake</span>`}
          <span class="tags"><span class="tag">${short(each.model)}</span> <span class="tag">version ${each.version}
          </span></span></span>
        <span class="about">${each.mistake ?? each.description}</span></a></li>`,
      )}</ul>
      <p class="rows-foot">${plural(presets.length, "preset")}<span>${folder ?? "in memory"}</span></p></section>
    <section class="detail" aria-label="Preset">${
      id
        ? html`<${Preset} key=${id} name=${id} changed=${again} />`
        : html`<${Empty} title="A model with its settings, under one name"
          code=${example(presets[0]?.name ?? "careful")}>
      <p>Save a model, parameters and a system prompt here, or from an inference, and name them in a request as <code>@preset/name</code>. ${!folder && html`<code>serve --presets DIR</code> keeps them as files.`}</p><p><a href=${link("presets", "new")}>Make one</a></p><//>`
    }</section>
  </div>`;
}

const example = (name) => `curl -sS ${apiRoot()}/v1/chat/completions \\
  -H "Authorization: Bearer akml-mine" -H "Content-Type: application/json" \\
  -d '{"model": "@preset/${name}", "messages": [{"role": "user", "content": "Hello"}]}'`;

function Preset({ name, changed }) {
  const fresh = name === "new";
  const version = route.value.query.version;
  const { value: known, error } = useLoaded(
    () => (fresh ? { ...NEW, ...handed.value } : get(path`presets/${name}` + query({ version }))),
    [name, version],
  );
  const { value: catalogue } = useLoaded(() => get("models"));
  const [draft, set] = useState(null);
  useEffect(() => {
    if (!known) return;
    handed.value = null;
    set({ ...known, parameters: JSON.stringify(known.parameters, null, 2) });
  }, [known]);
  if (error) return html`<div class="page"><${Problem} error=${error} /></div>`;
  if (!draft) return null;
  const put = (field) => (event) => set({ ...draft, [field]: event.target.value });
  let mistake = null;
  try {
    JSON.parse(draft.parameters || "{}");
  } catch (failed) {
    mistake = failed.message;
  }
  const save = (event) => {
    event.preventDefault();
    const { name: to, model, description, system, parameters } = draft;
    return attempt(async () => {
      if (!fresh && to !== name) await send("POST", path`presets/${name}/rename`, { name: to });
      await send("PUT", path`presets/${to}`, {
        model,
        description,
        system,
        parameters: JSON.parse(parameters || "{}"),
      });
      changed();
      go("presets", to);
    }, `Saved: ${to}`);
  };
  const remove = () =>
    attempt(async () => {
      await send("DELETE", path`presets/${name}`);
      changed();
      go("presets");
    }, `Deleted: ${name}`);
  return html`<form class="scenario" onSubmit=${save}>
    <header class="record-head"><a class="back" href=${link("presets")}>‹ All</a><h1>${fresh ? "A new preset" : name}
      </h1>
      ${known.versions.length > 1 && html`<label>Version <select value=${String(known.version)}
        onChange=${(event) => go("presets", name, { version: event.target.value }, true)}>${known.versions.map((each) => html`<option>${each}</option>`)}</select></label>`}
      <div class="actions"><button class="main"
        disabled=${mistake || !draft.name.trim()}>Save</button>${!fresh && html`<button type="button" class="danger"
        onClick=${remove}>Delete</button>`}</div></header>
    <div class="pair"><${Field} label="Name">
      <input value=${draft.name} placeholder="careful" onInput=${put("name")} /><//>
      <${Field} label="Model"><input list="models" value=${draft.model} autocomplete="off" onInput=${put("model")} />
        <//></div>
    <datalist id="models">${catalogue?.models.map((each) => html`<option value=${each.id} />`)}</datalist>
    <${Field} label="Description"><input value=${draft.description} onInput=${put("description")} /><//>
    <${Field} label="System prompt"><textarea rows="4" value=${draft.system} onInput=${put("system")}></textarea><//>
    <${Field} label="Parameters, as JSON" hint=${mistake}>
      <textarea class="mono" rows="6" spellcheck="false" aria-invalid=${mistake ? "true" : "false"}
        value=${draft.parameters} onInput=${put("parameters")}></textarea><//>
    ${!fresh && html`<${Code} label="command" text=${example(name)} />`}</form>`;
}
