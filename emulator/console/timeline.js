// The picture of an answer in time, and of all attempts at the same question, as SVG.

import { ending, html, link, seconds, useWidth } from "./ui.js";

const LABEL = 72;
const RIGHT = 12;

/** Round times between 0 and `span`, a handful. */
function ticks(span) {
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(span / step + 1e-9) + 1 }, (_, index) => index * step);
}

function Axis({ span, scale, height, left }) {
  return html`<g class="grid">${ticks(span).map(
    (at) => html`<line x1=${left + scale(at)} x2=${left + scale(at)} y1="16" y2=${height} />
      <text x=${left + scale(at)} y="10" text-anchor="middle">${at ? seconds(at) : "0"}</text>`,
  )}</g>`;
}

/** Where an attempt ended, for one that still runs where the last thing happened. */
const end = (each, timeline) => each.ended ?? Math.max(each.started + (timeline.frames.at(-1)?.at ?? 0), each.started);

/** All attempts at the question below each other: what Retry-After asked for, beside the wait that was kept. */
export function Attempts({ timeline, number }) {
  const [box, width] = useWidth();
  const { attempts } = timeline;
  if (attempts.length < 2) return null;
  const start = attempts[0].started;
  const last = Math.max(
    ...attempts.map(
      (each) =>
        end(each, timeline) +
        (each.waited == null ? (each.retry_after ?? 0) : Math.max(each.waited, each.retry_after ?? 0)),
    ),
  );
  const span = Math.max(last - start, 0.01);
  const room = Math.max(50, width - LABEL - RIGHT - 16);
  const scale = (at) => (at / span) * room;
  const rows = [];
  let y = 24;
  for (const each of attempts) {
    rows.push({ each, y });
    y += 24 + 14 * [each.retry_after, each.waited].filter((wait) => wait != null).length;
  }
  return html`<div class="attempts"><h2>${attempts.length} attempts at the same question</h2><div ref=${box}>
    <svg width=${width} height=${y + 4} role="group"
      aria-label=${attempts.map((each, index) => sentence(each, index)).join(" ")}>
    <${Axis} span=${span} scale=${scale} height=${y} left=${LABEL} />
    ${rows.map(({ each, y }) => {
      const kind = ending(each.outcome, each.status);
      const from = LABEL + scale(each.started - start);
      const to = LABEL + scale(end(each, timeline) - start);
      const ignored = each.retry_after != null && each.waited != null && each.waited < each.retry_after - 0.0005;
      const first = each.first_byte == null ? to : LABEL + scale(each.started + each.first_byte - start);
      return html`<g>
        <a href=${link("inferences", each.number)}>
          <text x="0" y=${y + 12}
            class=${"attempt-label" + (each.number === number ? " here" : "")}>#${each.number} <tspan
            class=${kind}>${each.status || "–"}</tspan></text></a>
        ${each.number === number && html`<rect class="here" x="-8" y=${y - 2} width="3" height="20" rx="1.5" />`}
        <rect class=${"wait fill " + kind} x=${from} y=${y + 2} width=${Math.max(0, first - from)} height="12" rx="2" />
        <rect class=${"fill " + kind} x=${Math.min(first, to)} y=${y + 2} width=${Math.max(3, to - first)} height="12"
          rx="2" />
        ${each.retry_after != null && html`<${Span} from=${to} length=${scale(each.retry_after)} y=${y + 22}
          kind="asked" text=${`Retry-After ${seconds(each.retry_after)}`} width=${width} />`}
        ${
          each.waited != null &&
          html`<${Span} from=${to} length=${scale(each.waited)} y=${y + (each.retry_after == null ? 22 : 36)}
            kind=${ignored ? "ignored" : "kept"}
          text=${`waited ${seconds(each.waited)}${ignored ? `, ${seconds(each.retry_after - each.waited)} too short` : ""}`} width=${width} />`
        }
      </g>`;
    })}
  </svg></div></div>`;
}

function Span({ from, length, y, kind, text, width }) {
  const to = from + Math.max(2, length);
  const right = to + 8 + text.length * 6.2 < width;
  const inside = !right && from - 8 - text.length * 6.2 < 0;
  return html`<g class=${"span " + kind}><path d=${`M${from} ${y - 3}v6M${from} ${y}H${to}M${to} ${y - 3}v6`} />
    <text x=${right ? to + 8 : inside ? to : from - 8} y=${inside ? y - 5 : y + 4}
      text-anchor=${right ? "start" : "end"}>${text}</text></g>`;
}

function sentence(each, index) {
  const asked = each.retry_after == null ? "" : ` Retry-After asked for ${seconds(each.retry_after)}.`;
  const waited = each.waited == null ? "" : ` The next came after ${seconds(each.waited)}.`;
  return `Attempt ${index + 1}: ${each.status}, ${each.outcome}.${asked}${waited}`;
}

// ------------------------------------------------------------------------------------------ one answer

/** One answer on its axis: the queue, the first token, each frame, and stalls and faults by their names. */
export function Picture({ timeline, record }) {
  const [box, width] = useWidth();
  const { frames, faults, first_byte: byte, first_token: token, queued } = timeline;
  const located = faults.filter((each) => each.at != null);
  const known = [frames.at(-1)?.at ?? 0, byte ?? 0, ...located.map((each) => each.until ?? each.at)];
  const span = Math.max(record.ended == null ? 0 : record.ended - record.started, ...known, 0.001);
  const left = LABEL;
  const room = Math.max(50, width - left - RIGHT - 16);
  const scale = (at) => (at / span) * room;
  const kind = ending(record.outcome, record.status);
  const from = queued ?? 0;
  const first = byte ?? span;
  const marks = [
    ...(queued ? [["slot", queued]] : []),
    ...(token != null ? [["first token", token]] : byte != null && record.stream ? [["first byte", byte]] : []),
  ];
  const lanes = 62 + located.length * 20;
  const most = Math.max(1, ...frames.map((each) => each.size));
  return html`<div class="answer-picture"><h2>This answer</h2><div ref=${box}>
    <svg width=${width} height=${lanes + 4} role="img" aria-label=${spoken(timeline, span, record)}>
    <${Axis} span=${span} scale=${scale} height=${lanes} left=${left} />
    <text x="0" y="34" class="lane">request</text>
    ${queued > 0 && html`<rect class="queue" x=${left} y="24" width=${scale(queued)} height="14" rx="2">
      <title>in the queue for ${seconds(queued)}</title></rect>`}
    <rect class=${"wait fill " + kind} x=${left + scale(from)} y="24" width=${Math.max(2, scale(first - from))}
      height="14" rx="2"><title>${`until the first byte: ${seconds(first - from)}`}</title></rect>
    ${byte != null && html`<rect class=${"fill " + kind} x=${left + scale(byte)} y="24"
      width=${Math.max(3, scale(span - byte))} height="14" rx="2"><title>${`sending: ${seconds(span - byte)}`}</title>
      </rect>`}
    ${marks.map(([name, at]) => html`<g class="moment"><title>${name} after ${seconds(at)}</title>
      <path d=${`M${left + scale(at)} 20v22`} /></g>`)}
    <text x="0" y="56" class="lane">frames</text>
    <g class="frames">${thinned(frames, scale).map(
      (each) =>
        html`<line x1=${left + scale(each.at)} x2=${left + scale(each.at)} y1="60" y2=${60 - 4 - Math.round((each.size / most) * 10)} class=${each.text ? "" : "bare"}><title>${`${seconds(each.at)}: ${each.size} bytes ${each.text}`}</title></line>`,
    )}</g>
    ${located.map((each, index) => {
      const y = 76 + index * 20;
      const x = left + scale(each.at);
      const to = each.until == null ? x : left + scale(each.until);
      const length = (each.fault.length + (each.place ?? "").length + 1) * 6.2;
      const after = to + 8 + length < width;
      const before = x - 8 - length > left;
      return html`<g class="fault">${to - x > 3 ? html`<rect x=${x} y=${y - 9} width=${to - x} height="12"
        rx="2" />` : html`<path d=${`M${x} ${y - 10}l5 7l-5 7l-5-7z`} />`}
        <text x=${after ? to + 8 : before ? x - 8 : width} y=${y + 1} text-anchor=${after ? "start" : "end"}>
          ${each.fault} <tspan class="place">${each.place}</tspan></text></g>`;
    })}
    ${located.length > 0 && html`<text x="0" y="76" class="lane">faults</text>`}
  </svg></div>
  ${faults.some((each) => each.at == null) && html`<p class="muted">
    ${faults.filter((each) => each.at == null).map((each) => html`<span class="tag">${each.fault} ${each.place}
    </span> `)}</p>`}
  </div>`;
}

/** At most one frame for each half pixel: more cannot be seen. */
function thinned(frames, scale) {
  let last = -1;
  return frames.filter((each) => {
    const x = Math.round(scale(each.at) * 2);
    const seen = x === last;
    last = x;
    return !seen;
  });
}

function spoken({ frames, faults, first_token: token, queued }, span, record) {
  const parts = [`${record.status}, ${record.outcome}, in ${seconds(span)}.`];
  if (queued) parts.push(`Queued for ${seconds(queued)}.`);
  if (token != null) parts.push(`First token after ${seconds(token)}.`);
  parts.push(`${frames.length} frames.`);
  for (const each of faults) parts.push(`Fault: ${each.fault} ${each.place}.`);
  return parts.join(" ");
}

const SHOWN = 2000;

/** The frames one by one, with the time since the one before. */
export function Frames({ timeline }) {
  const frames = timeline?.frames ?? [];
  if (!frames.length) return html`<p class="muted">Nothing was sent.</p>`;
  return html`<table class="plain frames-table"><thead><tr><th class="num">#</th><th class="num">At</th>
    <th class="num">After</th><th class="num">Bytes</th><th>Text</th></tr></thead>
    <tbody>${frames.slice(0, SHOWN).map(
      (each, index) => html`<tr>
      <td class="num muted">${index + 1}</td><td class="num">${seconds(each.at)}</td><td class="num">
        ${index ? "+" + seconds(each.at - frames[index - 1].at) : ""}</td>
      <td class="num">${each.size}</td><td class="mono">${each.text}</td></tr>`,
    )}</tbody></table>
    ${(frames.length > SHOWN || timeline.frames_cut) && html`<p
      class="muted">There are more frames than are shown.</p>`}`;
}
