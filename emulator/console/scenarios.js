// Scenarios: the list, an editor that marks mistakes, a trial against a request, and who plays which.

import {get, path, query, send} from "./api.js";
import {draft} from "./drafts.js";
import {completion, Editor} from "./editor.js";
import {Explained} from "./inference.js";
import * as ui from "./ui.js";
import {attempt, button, Code, Field, Form, html, into, link, tag, unsaved, useLoaded, useState} from "./ui.js";

const NEW = `name: my-scenario
rules:
  - name: weather
    when: {last_user: {contains: weather}}
    reply: {text: "It is sunny."}
  - name: limited
    replies:
      - {error: rate_limited, retry_after: 2s}
      - {text: "Now it works."}
`;

const CLEAN = {name: null, mistakes: [], warnings: []};

export default function Scenarios() {
	const {id} = ui.useValue(ui.route);
	const {value: known, error, again} = useLoaded(() => get("scenarios"));
	const {value: schema} = useLoaded(() => get("schema"));
	const complete = ui.useMemo(() => completion(schema), [schema]);
	if (!known) return ui.problem(error);
	const Shown = id ? Scenario : Players;
	return ui.split(
		id,
		"scenario",
		html`<${List} known=${known} id=${id} />`,
		html`<${Shown} key=${id} name=${id} known=${known} changed=${again} complete=${complete} />`,
	);
}

function List({known: {scenarios, active}, id}) {
	const [words, set] = useState("");
	const matches = scenarios.filter(({name, aliases, description, errors, faults}) =>
		ui.contains([name, ...aliases, description, ...errors, ...faults], words),
	);
	const items = matches.map(({name, mistakes, errors, faults, description}) => ({
		name,
		about: description,
		tags: html`${name === active && tag("plays", "ok")}
			${mistakes.length > 0 && tag(ui.plural(mistakes.length, "mistake"), "bad")}
			${[...errors, ...faults].map(each => tag(each))}`,
	}));
	const search = html`<${ui.Search} what="scenarios" hint="429 or stall" value=${words} set=${set} />`;
	return ui.stories("scenarios", id, items, search);
}

function Scenario({name, known, changed, complete}) {
	const fresh = name === "new";
	const {line, run} = ui.useValue(ui.route).query;
	const page = `scenarios/${name}`;
	const kept = draft.value ? {text: draft.value} : unsaved.get(page);
	const [{text, digest}, change] = useState(kept ?? {text: fresh ? NEW : ""});
	const setText = text => {
		const changed = {text, digest};
		change(changed);
		unsaved.set(page, changed);
	};
	const [other, setOther] = useState(null);
	const {value: source, error, again} = useLoaded(async () => !fresh && get(path`scenarios/${name}/source`), [name]);
	ui.useEffect(() => {
		if (fresh) draft.value = null;
		else if (source?.text && !unsaved.has(page))
			change({text: source.text.replace(/\r\n?/g, "\n"), digest: source.digest});
	}, [source]);
	const check = async () =>
		text.trim() ? send("POST", "check", text).catch(({message}) => ({...CLEAN, mistakes: [{message}]})) : CLEAN;
	const {value: checked = CLEAN} = useLoaded(check, [text], 200);
	const story = known.scenarios.find(each => each.name === name || each.aliases.includes(name));
	const also = story?.aliases.length > 0 && `Also called ${story.aliases.join(", ")}.`;
	const about = [story?.description, also].filter(Boolean).join(" ");
	const called = checked.name ?? (fresh ? null : name);
	const mistaken = checked.mistakes.length > 0;
	const filed = !error && source?.writable && called === source.name;

	/** Save the text into its file, if that is what was read. */
	const save = async () => {
		try {
			const lines = source.text.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text;
			const saved = await send("PUT", path`scenarios/${source.name}/source` + query({digest}), lines);
			change(now => ({...now, digest: saved.digest}));
			if (unsaved.get(page)?.text === text) unsaved.delete(page);
			setOther(null);
		} catch (refused) {
			if (refused.status === 409) {
				const theirs = await get(path`scenarios/${name}/source`);
				setOther({label: "The file as it is now", text: theirs.text});
				change({text, digest: theirs.digest});
			}
			throw refused;
		} finally {
			again();
			changed();
		}
	};
	const put = async () => {
		await send("PUT", path`scenarios/${called}`, text);
		unsaved.delete(page);
		changed();
		if (called !== name) ui.go("scenarios", called, {line, run});
	};
	const keep = () =>
		filed ? attempt(save, `Saved: ${source.source}`) : attempt(put, `Stored: ${called}, until the server stops.`);
	const exchange = () => {
		setOther({label: "What you typed", text});
		setText(other.text);
	};
	if (error && !source) return ui.lost("scenarios", error);
	const readable = fresh || text || source?.text != null;
	return html`<div class="scenario">
		${ui.heading("scenarios", fresh ? "A new scenario" : name, html`
			${readable &&
				button(filed ? (other ? "Save anyway" : "Save") : "Store", keep, "main", {disabled: mistaken || !called})}
			${source?.source === "put" && ui.remover("scenarios", name, changed,
				known.active === name ? `${name}, which plays by default` : name)}`)}
		${about && html`<p class="muted">${about}</p>`}
		${readable
			? html`<p class="source">${filed
					? html`Save writes <code>${source.source}</code>, and the scenario plays from its beginning.`
					: html`Store puts it into the server${called && html` as <b>${called}</b>`}, until that stops${
							/\.ya?ml$/.test(source?.source) && html`; <code>${source.source}</code> stays as it is`}.`}</p>
				${other && html`<div class="warning conflict" role="alert">
					<p>The file was changed since it was read. Save what you typed anyway, or exchange it with what the file has.</p>
					<p>${button("Exchange with the editor", exchange)}</p><b>${other.label}</b>
					<${Code} label=${other.label} text=${other.text ?? ""} /></div>`}
				<${Editor} label=${`The scenario ${name}, as YAML`} text=${text} set=${setText} checked=${checked}
					reveal=${Number(line)} complete=${complete} />
				${!mistaken && text.trim() && html`<p class="good">No mistakes.</p>`}`
			: source && html`<p>This scenario has no text: it is ${source.source}.</p>`}
		${(readable || source) && html`<${Trial} text=${readable ? text : null} scenario=${name} run=${run}
			mistaken=${mistaken} />`}
		${!fresh && html`<${Activate} name=${name} known=${known} changed=${changed} />`}
	</div>`;
}

/** What the rules make of a request, written here or recorded. */
function Trial({text, scenario, run, mistaken}) {
	const [message, setMessage] = useState("What is the weather?");
	const [inference, setInference] = useState(run ?? "");
	const explain = async () => {
		if (mistaken || text === "") return null;
		const request = {model: "zai-org/GLM-5.3", messages: [{role: "user", content: message}]};
		return send("POST", "explain", {
			...(text == null ? {scenario} : {text}),
			...(inference ? {inference} : {request}),
		});
	};
	const {value, error} = useLoaded(explain, [text, message, inference, mistaken], 300);
	return html`<section class="trial"><h2>What it makes of a request</h2>
		<div class="pair">
			<${Field} label="Message"><input value=${message} disabled=${inference !== ""} onInput=${into(setMessage)} /><//>
			<${Field} label="or inference number"><input inputmode="numeric" placeholder="none" value=${inference}
				onInput=${into(text => setInference(text.replace("#", "").trim()))} /><//></div>
		${ui.problem(error)}
		${!mistaken && !error && value?.mistakes.length === 0 && html`<${Explained} told=${value} />`}</section>`;
}

const activate = (changed, scenario, key, done) =>
	attempt(async () => changed(await send("POST", "activate", {scenario, ...(key && {key})})), done);
const deactivate = changed => activate(changed, null, "", "Nothing plays by default.");

function Activate({name, known, changed}) {
	const act = ({key}) =>
		activate(changed, name, key.trim(), `${name} plays for ${key.trim() || "every key that names no other scenario"}.`);
	return html`<section class="trial"><h2>Play it</h2>
		<p class="muted">The key <code>akml-${name}</code> plays it at any time. Or let it answer another key, or every key
			${" "}that names no scenario.</p>
		<${Form} act=${act} fields=${[["key", "Key (empty: every key)", {class: "mono", placeholder: "akml-…"}]]}>
			<button class="main">Activate</button>
			${known.active === name && button("Deactivate", () => deactivate(changed), "")}
		<//></section>`;
}

/** Who plays what, while no scenario is chosen. */
function Players({known: {active}, changed}) {
	const {value} = useLoaded(() => get("accounts"));
	const players = (value?.accounts ?? []).filter(each => each.scenario);
	const rows = players.map(({key, namespace, scenario, requests}) => [
		link(key, "inferences", null, {namespace}, "mono"),
		link(scenario, "scenarios", scenario),
		requests,
	]);
	return html`<div class="overview"><h1>Who plays what</h1>
		<p>${active ? html`${link(active, "scenarios", active)} plays for every key that names no other.
			${" "}${ui.quiet("Deactivate", () => deactivate(changed))}`
			: "A key that names no scenario is answered by the generator."}</p>
		${rows.length > 0
			? ui.table(["Key", "Scenario", "#Requests"], rows)
			: html`<p class="muted">No key has played a scenario yet. Ask with a key that names one, such as
				${" "}<code>akml-hello</code>, or store one of your own and ask with its name.</p>
				<p>${link("Write a scenario", "scenarios", "new", {}, "button")}</p>`}
	</div>`;
}
