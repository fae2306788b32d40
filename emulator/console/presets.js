// Presets: a model, parameters and a system prompt under a name, with versions.

import {curl, get, path, query, send} from "./api.js";
import {preset as handed} from "./drafts.js";
import * as ui from "./ui.js";
import {Field, go, html, into, link, tag} from "./ui.js";

const NEW = {name: "", model: "zai-org/GLM-5.3", description: "", system: "", parameters: {}, versions: []};
const example = name => curl("akml-mine", `@preset/${name}`);

export default function Presets() {
	const {id} = ui.useValue(ui.route);
	const {value, error, again} = ui.useLoaded(() => get("presets"));
	if (!value) return ui.problem(error);
	const {presets, folder} = value;
	const items = presets.map(({name, model, version, mistake, description}) => ({
		name,
		about: mistake ?? description,
		tags: html`${mistake && tag("mistake", "bad")}${tag(ui.short(model))}${tag(`version ${version}`)}`,
	}));
	const list = ui.stories("presets", id, items, html`<h1>Presets</h1>`, folder ?? "in memory");
	const empty = html`<${ui.Empty} title="A model with its settings, under one name"
		code=${example(presets[0]?.name ?? "careful")}>
		<p>Save a model, parameters and a system prompt here, or from an inference, and name them in a request as
			${" "}<code>@preset/name</code>. ${!folder && html`<code>serve --presets DIR</code> keeps them as files.`}</p>
		<p>${link("Make one", "presets", "new", {}, "button")}</p><//>`;
	return ui.split(id, "preset", list, id ? html`<${Preset} key=${id} name=${id} changed=${again} />` : empty);
}

function Preset({name, changed}) {
	const fresh = name === "new";
	const {version} = ui.useValue(ui.route).query;
	const load = async () => (fresh ? {...NEW, ...handed.value} : get(path`presets/${name}` + query({version})));
	const {value: known, error} = ui.useLoaded(load, [name, version]);
	const {value: catalogue} = ui.useLoaded(() => get("models"));
	const page = `presets/${name}`;
	const [draft, set] = ui.useState(null);
	ui.useEffect(() => {
		if (!known) return;
		const kept = !handed.value && !version && ui.unsaved.get(page);
		handed.value = null;
		set(kept || {...known, parameters: ui.indented(known.parameters)});
	}, [known]);
	if (!draft) return ui.lost("presets", error);
	const {name: to, model, description, system, parameters, versions} = draft;
	const put = field => text => {
		const changed = {...draft, [field]: text};
		set(changed);
		ui.unsaved.set(page, changed);
	};
	const input = (label, field, more) =>
		html`<${Field} label=${label}><input value=${draft[field]} onInput=${into(put(field))} ...${more} /><//>`;
	const save = () =>
		ui.attempt(async () => {
			if (!fresh && to !== name) await send("POST", path`presets/${name}/rename`, {name: to});
			const fields = {model, description, system, parameters: JSON.parse(parameters || "{}")};
			await send("PUT", path`presets/${to}`, fields);
			ui.unsaved.delete(page);
			changed();
			go("presets", to);
		}, `Saved: ${to}`);
	return html`<form class="scenario" onSubmit=${ui.submitted(save)}>
		${ui.heading("presets", fresh ? "A new preset" : name, html`
			${versions.length > 1 && html`<label>Version <${ui.Select} value=${known?.version}
				of=${versions} pick=${version => go("presets", name, {version}, true)} /></label>`}
			<button class="main" disabled=${ui.mistakeIn(parameters) || !to.trim()}>Save</button>
			${!fresh && ui.remover("presets", name, changed)}`)}
		<div class="pair">${input("Name", "name", {placeholder: "careful"})}
			${input("Model", "model", {list: "models", autocomplete: "off"})}</div>
		<datalist id="models">${catalogue?.models.map(each => html`<option value=${each.id} />`)}</datalist>
		${input("Description", "description")}
		<${Field} label="System prompt"><textarea rows="4" value=${system} onInput=${into(put("system"))}></textarea><//>
		<${ui.JsonField} label="Parameters" text=${parameters} set=${put("parameters")} />
		${!fresh && html`<${ui.Code} label="command" text=${example(name)} />`}</form>`;
}
