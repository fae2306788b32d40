// An editor of YAML: a textarea over its text in colours, with line numbers and marked mistakes.

import {coloured, html, quiet, useEffect, useMemo, useRef, useState} from "./ui.js";

const LINE = 20;
/** More lines than are seen at once: only these are drawn. */
const SEEN = 48;
/** The names, texts, values and comments of a line. */
const PARTS = new RegExp(
	[
		/(?<=^\s*(?:- )*)(?<name>[\w.$@/"'-]+)(?=:(?:\s|$))/,
		/(?<comment>#.*$)/,
		/(?<text>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/,
		/(?<value>\b(?:true|false|null)\b|(?<![\w.-])-?\d+(?:\.\d+)?(?:ms|s|m|h|MiB|USD)?(?![\w.-]))/,
	].map(each => each.source).join("|"),
	"g",
);

const marked = ({mistakes, warnings}) =>
	Object.entries({mistake: mistakes, warning: warnings}).flatMap(([kind, all]) => all.map(each => ({kind, ...each})));

/** The editor. `checked` has mistakes and warnings; `reveal` is a line to show; `complete` offers words. */
export function Editor({text, set, checked, reveal, label, complete}) {
	const area = useRef();
	const under = useRef();
	const [top, setTop] = useState(0);
	const [here, setHere] = useState(0);
	const [offer, setOffer] = useState(null);
	const lines = useMemo(() => text.split("\n"), [text]);
	const marks = useMemo(() => marked(checked), [checked]);

	const show = line => {
		const start = lines.slice(0, line - 1).map(each => each + "\n").join("").length;
		area.current.focus();
		area.current.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
		area.current.scrollTop = Math.max(0, (line - 6) * LINE);
		setHere(line);
	};
	useEffect(() => {
		if (reveal && text) show(reveal);
	}, [reveal, text !== ""]);

	const scroll = () => {
		setTop(Math.floor(area.current.scrollTop / LINE));
		under.current.firstChild.style.minWidth = area.current.scrollWidth + 80 + "px";
		under.current.scrollTop = area.current.scrollTop;
		under.current.scrollLeft = area.current.scrollLeft;
	};
	/** The line of the caret as far as the caret. */
	const before = () => {
		const {selectionStart: at, value} = area.current;
		return value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
	};
	const moved = () => setHere(area.current.value.slice(0, area.current.selectionStart).split("\n").length);
	const typed = ({target: {value, selectionStart: at}}) => {
		set(value);
		moved();
		const word = before().match(/^\s*(?:- )*([a-z_]+)$/)?.[1];
		const words = word && complete ? complete(value.slice(0, at), word) : [];
		setOffer(words.length ? {words, word, at: 0} : null);
	};
	const put = (from, to, inserted) => {
		area.current.setSelectionRange(from, to);
		document.execCommand("insertText", false, inserted); // Unlike a new value, this can be undone.
	};
	const accept = word => {
		const at = area.current.selectionStart;
		put(at - offer.word.length, at, word + ": ");
	};
	const keys = event => {
		const step = {ArrowDown: 1, ArrowUp: -1 }[event.key];
		const takes = ["Enter", "Tab"].includes(event.key);
		if (offer && event.key === "Escape") {
			event.stopPropagation();
			setOffer(null);
		} else if ((offer && (step || takes)) || event.key === "Enter") {
			event.preventDefault();
			if (!offer) {
				const {selectionStart: from, selectionEnd: to} = area.current;
				const deeper = /:\s*$|^\s*- /.test(before()) ? "  " : "";
				put(from, to, "\n" + before().match(/^\s*/)[0] + deeper);
			} else if (takes) accept(offer.words[offer.at]);
			else setOffer({...offer, at: (offer.at + step + offer.words.length) % offer.words.length});
		}
	};
	const first = Math.max(0, top - 8);
	const shown = (line, at) => {
		const index = first + at;
		const mark = marks.find(each => each.line === index + 1)?.kind ?? "";
		return html`<div class=${`under-line ${mark} ${here === index + 1 ? "here" : ""}`}>
			<span class="gutter">${index + 1}</span>
			<span class="under-text">${line ? coloured(line, PARTS) : " "}</span></div>`;
	};
	const word = (word, index) => html`<li role="option" aria-selected=${index === offer.at}
		onMouseDown=${event => {
			event.preventDefault();
			accept(word);
		}}>${word}</li>`;
	const mistake = ({kind, line, path, message}) => html`<li class=${kind}>
		${line > 0 && quiet(`line ${line}`, () => show(line))} ${path && html`<code>${path}</code> `}${message}</li>`;
	return html`<div class="editor">
		<div class="under" ref=${under} aria-hidden="true"><div class="under-lines"
			style=${{height: lines.length * LINE + 24 + "px", paddingTop: first * LINE + "px"}}>
			${lines.slice(first, first + SEEN).map(shown)}</div></div>
		<textarea ref=${area} class="mono" aria-label=${label} aria-invalid=${checked.mistakes.length > 0}
			aria-describedby="mistakes" spellcheck=${false} autocapitalize="off" autocomplete="off" wrap="off"
			value=${text} onInput=${typed} onScroll=${scroll} onKeyDown=${keys} onKeyUp=${moved} onClick=${moved}
			onBlur=${() => setOffer(null)}></textarea>
		${offer && html`<ul class="offer" role="listbox" aria-label="Words that fit here">${offer.words.map(word)}</ul>`}
	</div>
	<ul class="mistakes" id="mistakes" aria-live="polite">${marks.map(mistake)}</ul>`;
}

/** The words that begin with `word` at the end of a text, by the names above it and the JSON Schema. */
export function completion(schema) {
	if (!schema) return null;
	const named = (at, name) => at?.[name];
	const variants = (part, deep = 0) => {
		const found = part?.$ref ? part.$ref.slice(2).split("/").reduce(named, schema) : part;
		if (!found || deep > 8) return [];
		const others = ["anyOf", "oneOf", "allOf"].flatMap(kind => found[kind] ?? []);
		return [found, ...others.flatMap(each => variants(each, deep + 1))];
	};
	const below = ({items, properties, additionalProperties: others}, name) =>
		variants(name === null ? items : properties?.[name] ?? (typeof others === "object" ? others : null));
	return (before, word) => {
		let parts = variants(schema);
		for (const name of above(before)) parts = parts.flatMap(part => below(part, name));
		const names = new Set(parts.flatMap(part => Object.keys(part.properties ?? {})));
		return [...names].filter(name => name.startsWith(word) && name !== word).slice(0, 10);
	};
}

/** The names that lead to the end of a text by their indents; null is an item of a list. */
function above(text) {
	let path = [];
	for (const line of text.split("\n")) {
		const [start, dashes, name] = line.match(/^\s*((?:- )*)([\w.$@/-]*)/);
		let at = start.length - dashes.length - name.length;
		const add = name => {
			const holds = each => each.at < at || (name === null && each.at === at && each.name !== null);
			path = [...path.filter(holds), {at, name}];
		};
		for (const _ of dashes.matchAll("- ")) {
			add(null);
			at += 2;
		}
		if (start.trim()) add(name);
	}
	return path.slice(0, -1).map(({name}) => name);
}
