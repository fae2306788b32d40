// Playground: ask the emulated API as a client does, with one model or two side by side.

import {get, send} from "./api.js";
import {Answer, body, DIALECTS} from "./asking.js";
import {instructs, preset, presetOf, request} from "./drafts.js";
import {Parameters} from "./parameters.js";
import {Turn} from "./turn.js";
import * as ui from "./ui.js";
import {attempt, Field, html, indented, into, quiet, Select, short, signal, useEffect, useLoaded} from "./ui.js";
import {useRef, useState, useValue} from "./ui.js";

const PROBABLE = {logprobs: true, top_logprobs: 5};
const settings = signal({
	dialect: "chat",
	key: "akml-playground",
	stream: true,
	system: "",
	tools: "",
	format: "",
	parameters: PROBABLE,
});
const columns = signal([{model: "", turns: []}]);
const message = signal("");
const idle = signal(0);
const change = more => (settings.value = {...settings.value, ...more});
const changeColumns = more => (columns.value = columns.value.map((each, at) => ({...each, ...more(each, at)})));

async function load() {
	const [catalogue, {presets}] = await Promise.all([get("models"), get("presets")]);
	const named = presets.map(({name, model, description}) => {
		const known = catalogue.models.find(each => each.id === model);
		return {...known, id: `@preset/${name}`, description};
	});
	return {...catalogue, all: [...catalogue.models, ...named]};
}

export default function Playground() {
	const {value: known, error} = useLoaded(load);
	const handed = useValue(request);
	useEffect(() => {
		if (handed) taken(handed);
	}, [handed]);
	useEffect(() => {
		if (known) changeColumns(({model}) => ({model: model || known.models[0]?.id}));
	}, [known]);
	const shown = useValue(columns);
	if (!known) return ui.problem(error);
	return html`<div class="bench">
		<aside class="panel" aria-label="Settings of the request"><${Panel} known=${known} /></aside>
		<section class="asking" aria-label="Conversation">
			<div class=${"columns of-" + shown.length}>${shown.map(
				(column, index) => html`<${Column} key=${index} column=${column} index=${index} known=${known} />`,
			)}</div>
			<${Composer} />
		</section>
	</div>`;
}

/** Begin with a request that another page handed over. */
function taken({dialect, body: asked}) {
	request.value = null;
	const {model, system, parameters: given} = presetOf(asked);
	const {tools, response_format: format, ...parameters} = given;
	const text = value => (value ? indented(value) : "");
	change({dialect, stream: asked.stream === true, system, parameters, tools: text(tools), format: text(format)});
	columns.value = [{model, turns: asked.messages.filter(each => !instructs(each)).map(asked => ({asked}))}];
}

const keep = () =>
	attempt(async () => {
		preset.value = presetOf(body(settings.value, columns.value[0].model, []));
		ui.go("presets", "new");
	});

const object = properties => ({type: "object", properties, required: Object.keys(properties)});
const WEATHER = {name: "get_weather", parameters: object({city: {type: "string"}})};
const PERSON = {name: "person", schema: object({name: {type: "string"}, age: {type: "integer"}})};
const SAMPLES = {
	tools: [{type: "function", function: WEATHER}],
	format: {type: "json_schema", json_schema: PERSON},
};

function Panel({known}) {
	const {dialect, key, stream, system, parameters} = useValue(settings);
	const [first, second] = useValue(columns);
	const model = known.all.find(each => each.id === first.model);
	const put = name => into(value => change({[name]: value}));
	const pick = dialect => change({dialect, parameters: dialect === "chat" ? PROBABLE : {}});
	const other = {model: known.models[1]?.id ?? first.model, turns: []};
	const toggle = (label, checked, set) => html`<label>
		<input type="checkbox" checked=${checked} onChange=${({target}) => set(target.checked)} />${label}</label>`;
	return html`
		<${Field} label="API"><${Select} value=${dialect} pick=${pick}
			of=${Object.entries(DIALECTS).map(([id, {label}]) => [id, label])} /><//>
		<${Field} label="API key" hint="A key such as akml-rate-limited plays the scenario of that name.">
			<input class="mono" value=${key} spellcheck="false" autocomplete="off" onInput=${put("key")} /><//>
		<div class="row-fields">${toggle("Stream", stream, stream => change({stream}))}
			${toggle("Two models", second != null, two => (columns.value = two ? [first, other] : [first]))}</div>
		<${Field} label="System prompt"><textarea rows="3" value=${system} onInput=${put("system")}></textarea><//>
		<h2>Parameters</h2>
		<${Parameters} schemas=${known.parameters[dialect] ?? {}} model=${model} dialect=${dialect} values=${parameters}
			set=${parameters => change({parameters})} />
		${editor("Tools", "tools")}${editor("Response format", "format")}
		${ui.button("Save as preset", keep)}`;
}

function editor(label, name) {
	const text = settings.value[name];
	const set = text => change({[name]: text});
	return html`<details class="editor-field" open=${text !== ""}><summary>
		${label}${!text && html` <span class="muted">none</span>`}</summary>
		<${ui.JsonField} label=${label} text=${text} set=${set} />
		<p>${text ? quiet("Remove", () => set("")) : quiet("Insert an example", () => set(indented(SAMPLES[name])))}</p>
		</details>`;
}

const messages = turns =>
	turns.flatMap(({asked, answer}) => [asked, answer?.text && {role: "assistant", content: answer.text}])
		.filter(Boolean);

const bodyOf = ({model, turns}, asked) => body(settings.value, model, [...messages(turns), asked]);

function ask(content) {
	const {key, dialect} = settings.value;
	const asked = {role: "user", content};
	changeColumns(column => {
		const answer = new Answer(dialect, bodyOf(column, asked));
		answer.run(key);
		return {turns: [...column.turns, {asked, answer}]};
	});
}

function Composer() {
	const running = useValue(Answer.running) > 0;
	const text = useValue(message);
	const shown = useValue(columns);
	const stop = () => shown.forEach(({turns}) => turns.at(-1)?.answer?.stop());
	const submit = ui.submitted(
		() =>
			message.value.trim() && !Answer.running.value && attempt(async () => {
				ask(message.value);
				message.value = "";
			}),
	);
	const keys = event => {
		if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
		else if (event.key === "Escape") stop();
	};
	const empty = !shown.some(each => each.turns.length);
	return html`<form class="composer" onSubmit=${submit}>
		<textarea aria-label="Message" rows="2" placeholder="Message; Enter sends, Shift+Enter begins a line" value=${text}
			onInput=${into(text => (message.value = text))} onKeyDown=${keys}></textarea>
		<div>${running ? ui.button("Stop", stop) : html`<button class="main" disabled=${!text.trim()}>Send</button>`}
			${quiet("Clear", () => changeColumns(() => ({turns: []})), {disabled: running || empty})}</div>
	</form>`;
}

function Column({column, index, known}) {
	const {model: id, turns} = column;
	const [shown, show] = useState("talk");
	const box = useRef();
	const version = useValue(turns.at(-1)?.answer?.version ?? idle);
	useEffect(() => {
		const {scrollHeight, scrollTop, clientHeight} = box.current;
		if (scrollHeight - scrollTop - clientHeight < 160) box.current.scrollTop = scrollHeight;
	}, [version, turns.length]);
	const model = known.all.find(each => each.id === id);
	const listed = model ? known.all : [...known.all, {id}];
	return html`<div class="column">
		<div class="column-head"><${Select} aria-label="Model" value=${id} of=${listed.map(({id}) => id)}
				pick=${model => changeColumns((_, at) => at === index && {model})} />
			<${ui.Tabs} label="Shown" tabs=${[["talk", "Talk"], ["code", "Code"]]} current=${shown} pick=${show} /></div>
		<div class="column-body" ref=${box} tabindex="0" role="region" aria-label=${`Conversation with ${short(id)}`}>
			${shown === "code"
				? html`<${View} column=${column} />`
				: turns.length
					? html`<div class="talk">${turns.map(
							(turn, at) => html`<${Turn} key=${at} turn=${turn} pricing=${model?.pricing} />`)}</div>`
					: about(model)}
		</div></div>`;
}

function about({description, pricing, context_length: context} = {}) {
	const million = price => "$" + ui.number(Number(price) * 1e6);
	return html`<div class="hint muted"><p>${description || "Nothing was said yet."}</p>
		${pricing && html`<p>${ui.plural(context, "token")} of context, ${million(pricing.input)} in and
			${" "}${million(pricing.output)} out per million.</p>`}</div>`;
}

const LANGUAGES = [["curl", "curl"], ["python", "Python"], ["node", "Node"]];

/** The code of the request that was last asked, or that would be. */
function View({column}) {
	const [language, pick] = useState("curl");
	const {asked, dialect: endpoint = settings.value.dialect} = column.turns.at(-1)?.answer ?? {};
	const write = async () => {
		const request = asked ?? bodyOf(column, {role: "user", content: message.value || "Hello"});
		return send("POST", "code", {request, endpoint});
	};
	const {value, error} = useLoaded(write, [asked, useValue(settings), column.model, useValue(message)]);
	return html`<div class="view"><${ui.Tabs} label="Language" tabs=${LANGUAGES} current=${language} pick=${pick} />
		${ui.problem(error)}
		${value && !error && html`<${ui.Code} tall label=${language} text=${value[language]} />`}</div>`;
}
