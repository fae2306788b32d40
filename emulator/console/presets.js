// Presets: a model, parameters and a system prompt under a name, with versions; a request names one as its model.

import { apiRoot, get, path, query, send } from "./api.js";
import { preset as handed } from "./drafts.js";
import * as ui from "./ui.js";
import { attempt, Field, go, html, into, link, Problem, tag } from "./ui.js";
import { useEffect, useLoaded, useState, useValue } from "./ui.js";

const NEW = { name: "", model: "zai-org/GLM-5.3", description: "", system: "", parameters: {}, versions: [] };

export default function Presets() {
  const { id } = useValue(ui.route);
  const { value, error, again } = useLoaded(() => get("presets"));
  if (!value) return html`<${Problem} error=${error} />`;
  const { presets, folder } = value;
  const items = presets.map(({ name, model, version, mistake, description }) => ({
    name,
    about: mistake ?? description,
    tags: html`${mistake && tag("mistake", "bad")}${tag(ui.short(model))}${tag(`version ${version}`)}`,
  }));
  const list = html`<div class="search"><h1>Presets</h1>
      <a class="button" href=${link("presets", "new")}>New</a></div>
    ${ui.stories("presets", id, items)}
    <p class="rows-foot">${ui.plural(presets.length, "preset")}<span>${folder ?? "in memory"}</span></p>`;
  const empty = html`<${ui.Empty} title="A model with its settings, under one name"
    code=${example(presets[0]?.name ?? "careful")}>
    <p>Save a model, parameters and a system prompt here, or from an inference, and name them in a request as
      ${" "}<code>@preset/name</code>. ${!folder && html`<code>serve --presets DIR</code> keeps them as files.`}</p>
    <p><a class="button" href=${link("presets", "new")}>Make one</a></p><//>`;
  return ui.split(id, "preset", list, id ? html`<${Preset} key=${id} name=${id} changed=${again} />` : empty);
}

const example = (name) => `curl -sS ${apiRoot()}/v1/chat/completions \\
  -H "Authorization: Bearer akml-mine" -H "Content-Type: application/json" \\
  -d '{"model": "@preset/${name}", "messages": [{"role": "user", "content": "Hello"}]}'`;

function Preset({ name, changed }) {
  const fresh = name === "new";
  const { version } = useValue(ui.route).query;
  const load = async () => (fresh ? { ...NEW, ...handed.value } : get(path`presets/${name}` + query({ version })));
  const { value: known, error } = useLoaded(load, [name, version]);
  const { value: catalogue } = useLoaded(() => get("models"));
  const [draft, set] = useState(null);
  useEffect(() => {
    if (!known) return;
    handed.value = null;
    set({ ...known, parameters: ui.indented(known.parameters) });
  }, [known]);
  if (!draft) return html`<${Problem} error=${error} />`;
  const put = (field) => into((text) => set({ ...draft, [field]: text }));
  const save = () => {
    const { name: to, model, description, system, parameters } = draft;
    return attempt(async () => {
      if (!fresh && to !== name) await send("POST", path`presets/${name}/rename`, { name: to });
      const fields = { model, description, system, parameters: JSON.parse(parameters || "{}") };
      await send("PUT", path`presets/${to}`, fields);
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
  const versions = html`<label>Version <${ui.Select} value=${known?.version}
    pairs=${draft.versions.map((each) => [each, each])}
    pick=${(version) => go("presets", name, { version }, true)} /></label>`;
  return html`<form class="scenario" onSubmit=${ui.submitted(save)}>
    <header class="record-head"><a class="back" href=${link("presets")}>‹ All</a>
      <h1>${fresh ? "A new preset" : name}</h1>
      ${draft.versions.length > 1 && versions}
      <div class="actions"><button class="main"
        disabled=${ui.mistakeIn(draft.parameters) || !draft.name.trim()}>Save</button>
        ${!fresh && html`<button type="button" class="danger" onClick=${remove}>Delete</button>`}</div></header>
    <div class="pair"><${Field} label="Name">
        <input value=${draft.name} placeholder="careful" onInput=${put("name")} /><//>
      <${Field} label="Model"><input list="models" value=${draft.model} autocomplete="off"
        onInput=${put("model")} /><//></div>
    <datalist id="models">${catalogue?.models.map((each) => html`<option value=${each.id} />`)}</datalist>
    <${Field} label="Description"><input value=${draft.description} onInput=${put("description")} /><//>
    <${Field} label="System prompt"><textarea rows="4" value=${draft.system} onInput=${put("system")}></textarea><//>
    <${ui.JsonField} label="Parameters" text=${draft.parameters}
      set=${(parameters) => set({ ...draft, parameters })} />
    ${!fresh && html`<${ui.Code} label="command" text=${example(name)} />`}</form>`;
}
