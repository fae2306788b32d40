// An editor of YAML: a textarea over the same text in colours, with a gutter of line numbers and the mistakes at their lines.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import { html } from "./ui.js";

const LINE = 20;
const COLOURED = 4000;
const PARTS =
  /^(\s*(?:- )*)([\w.$@/"'-]+)(:)(?=\s|$)|(#.*$)|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|\b(true|false|null)\b|(?<![\w.-])(-?\d+(?:\.\d+)?(?:ms|s|m|h|MiB|USD)?)(?![\w.-])/g;

/** One line in colours: names, texts, values and comments. */
function coloured(line) {
  const parts = [];
  let at = 0;
  for (const found of line.matchAll(PARTS)) {
    const [all, indent, name, colon, comment, text, word, figure] = found;
    parts.push(line.slice(at, found.index));
    if (name) parts.push(indent, html`<span class="yaml-name">${name}</span>`, colon);
    else
      parts.push(
        html`<span class=${comment ? "yaml-comment" : text ? "yaml-text" : "yaml-value"}>
          ${comment ?? text ?? word ?? figure}</span>`,
      );
    at = found.index + all.length;
  }
  parts.push(line.slice(at) || (line ? "" : " "));
  return parts;
}

/** The editor. `mistakes` have a line, a column and a message; `reveal` is a line to show; `complete` offers words. */
export function Editor({ text, set, mistakes = [], warnings = [], reveal, label, complete, disabled = false }) {
  const area = useRef();
  const under = useRef();
  const [here, setHere] = useState(0);
  const [offer, setOffer] = useState(null);
  const [chosen, choose] = useState(0);
  const caret = useRef(null);
  const lines = useMemo(() => text.split("\n"), [text]);
  const marks = useMemo(() => {
    const found = new Map();
    for (const [kind, list] of [
      ["warning", warnings],
      ["mistake", mistakes],
    ])
      for (const each of list)
        if (each.line)
          found.set(each.line, {
            kind,
            message: [found.get(each.line)?.message, each.message].filter(Boolean).join("\n"),
          });
    return found;
  }, [mistakes, warnings]);

  const show = (line) => {
    const field = area.current;
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    field.focus();
    field.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    field.scrollTop = Math.max(0, (line - 6) * LINE);
    setHere(line);
  };
  useEffect(() => {
    if (reveal?.line && text) show(reveal.line);
  }, [reveal, text !== ""]);
  useLayoutEffect(() => {
    if (caret.current == null) return;
    area.current.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [text]);

  const scroll = () => {
    under.current.scrollTop = area.current.scrollTop;
    under.current.scrollLeft = area.current.scrollLeft;
  };
  const moved = () => setHere(area.current.value.slice(0, area.current.selectionStart).split("\n").length);
  const typed = (event) => {
    set(event.target.value);
    moved();
    const { selectionStart: at, value } = event.target;
    const line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
    const word = line.match(/^\s*(?:- )*([a-z_]+)$/)?.[1];
    const words = word && complete ? complete(value.slice(0, at), word) : [];
    setOffer(words.length ? { words, word } : null);
    choose(0);
  };
  const put = (from, to, inserted) => {
    const field = area.current;
    caret.current = from + inserted.length;
    set(field.value.slice(0, from) + inserted + field.value.slice(to));
  };
  const accept = (word) => {
    const at = area.current.selectionStart;
    put(at - offer.word.length, at, word + ": ");
    setOffer(null);
  };
  const keys = (event) => {
    const { selectionStart: from, selectionEnd: to, value } = area.current;
    if (offer && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose((chosen + (event.key === "ArrowDown" ? 1 : -1) + offer.words.length) % offer.words.length);
    } else if (offer && (event.key === "Tab" || event.key === "Enter")) {
      event.preventDefault();
      accept(offer.words[chosen]);
    } else if (offer && event.key === "Escape") {
      event.stopPropagation();
      setOffer(null);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const line = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
      const indent = line.match(/^\s*/)[0] + (/:\s*$/.test(line) || /^\s*- /.test(line) ? "  " : "");
      put(from, to, "\n" + indent);
    }
  };
  return html`<div class="editor">
    <div class="under" ref=${under} aria-hidden="true"><div class="under-lines">
      ${
        lines.length > COLOURED
          ? html`<pre>${text}</pre>`
          : lines.map((line, index) => {
              const mark = marks.get(index + 1);
              return html`<div class=${"under-line" + (mark ? " " + mark.kind : "") + (here === index + 1 ? " here" : "")}><span class="gutter">${index + 1}</span><span class="under-text">${coloured(line)}</span></div>`;
            })
      }</div></div>
    <textarea ref=${area} class="mono" aria-label=${label} aria-invalid=${mistakes.length ? "true" : "false"}
      aria-describedby="mistakes" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
      value=${text} disabled=${disabled} onInput=${typed} onScroll=${scroll} onKeyDown=${keys} onKeyUp=${moved}
        onClick=${moved} onBlur=${() => setOffer(null)}></textarea>
    ${
      offer &&
      html`<ul class="offer" role="listbox" aria-label="Words that fit here">${offer.words.map(
        (word, index) => html`<li role="option" aria-selected=${index === chosen ? "true" : "false"}
      onMouseDown=${(event) => {
        event.preventDefault();
        accept(word);
      }}>${word}</li>`,
      )}</ul>`
    }
  </div>
  <ul class="mistakes" id="mistakes" aria-live="polite">${[
    ...mistakes.map((each) => ["mistake", each]),
    ...warnings.map((each) => ["warning", each]),
  ].map(
    ([kind, each]) =>
      html`<li class=${kind}>${each.line ? html`<button type="button" class="quiet"
        onClick=${() => show(each.line)}>line ${each.line}</button>` : ""} ${each.path && html`<code>${each.path}
        </code>`} ${each.message}</li>`,
  )}</ul>`;
}

/** The words that begin with `word` where a text of a scenario ends, by the names above it and the JSON Schema. */
export function completion(schema) {
  if (!schema) return null;
  const resolved = (part) =>
    part?.$ref
      ? part.$ref
          .slice(2)
          .split("/")
          .reduce((at, name) => at?.[name], schema)
      : part;
  const variants = (part, deep = 0) => {
    const found = resolved(part);
    if (!found || deep > 8) return [];
    return [
      found,
      ...["anyOf", "oneOf", "allOf"].flatMap((kind) => (found[kind] ?? []).flatMap((each) => variants(each, deep + 1))),
    ];
  };
  const below = (parts, name) =>
    parts.flatMap((part) =>
      name === null
        ? part.items
          ? variants(part.items)
          : []
        : part.properties?.[name]
          ? variants(part.properties[name])
          : typeof part.additionalProperties === "object"
            ? variants(part.additionalProperties)
            : [],
    );
  return (before, word) => {
    let parts = variants(schema);
    for (const name of above(before)) parts = below(parts, name);
    const names = new Set(parts.flatMap((part) => Object.keys(part.properties ?? {})));
    return [...names].filter((name) => name.startsWith(word) && name !== word).slice(0, 10);
  };
}

/** The names that lead to the end of a text by their indents; null stands for an item of a list. */
function above(text) {
  const lines = text.split("\n");
  const path = [];
  const dashes = (line) => line.match(/^\s*((?:- )*)/);
  let limit = dashes(lines.at(-1))[0].length;
  const add = (line, upTo) => {
    for (const found of [...line.slice(0, upTo).matchAll(/- /g)].reverse()) {
      path.unshift(null);
      limit = found.index;
    }
  };
  add(lines.at(-1), limit);
  for (const line of lines.slice(0, -1).reverse()) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const start = dashes(line)[0].length;
    const first = line.search(/\S/);
    if (start < limit || (start === limit && path[0] === null && first === limit && !line.trim().startsWith("-"))) {
      const name = line.slice(start).match(/^([\w.$@/-]+):\s*$/)?.[1];
      if (!name) continue;
      path.unshift(name);
      limit = start;
      add(line, start);
    } else if (first < limit && start === limit) add(line, start);
  }
  return path;
}
