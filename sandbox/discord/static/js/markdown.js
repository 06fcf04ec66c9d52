/**
 * Discord's Markdown, text -> tree. Pure: no DOM, no world. markdown_view.js makes it visible.
 *
 * Time is linear for any one depth of nesting: a closing mark that was not found once is not
 * looked for again, and nesting ends at MAX_DEPTH.
 *
 * @typedef {{type: string, text?: string, children?: Tree[] | null, [key: string]: any}} Tree
 */

const MAX_DEPTH = 10;
const FENCE = /^```(?:([a-zA-Z0-9_+.#-]{1,20})\n)?\n?([\s\S]*?)```\n?/;
const HEADING = /^(#{1,3}|-#) +(.+?)\s*$/;
const LIST_ITEM = /^( {0,20})([-*]|\d{1,9}\.) +(.*)$/;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ADDRESS = /^https?:\/\/[^\s<>]+/;
const ANGLED = /^<(https?:\/\/[^\s<>]+)>/;
const MASKED = /^\[((?:\\.|[^\[\]\\\n]|\[[^\[\]\n]*\]){1,500})\]\(\s*<?(https?:\/\/[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"\n]*")?\s*\)/;
const TAGS = /** @type {[RegExp, (match: RegExpExecArray) => Tree][]} */ ([
  [/^<@!?(\d{1,20})>/, (m) => ({ type: 'user', id: m[1] })],
  [/^<@&(\d{1,20})>/, (m) => ({ type: 'role', id: m[1] })],
  [/^<#(\d{1,20})>/, (m) => ({ type: 'channel', id: m[1] })],
  [/^<\/([^:<>\n]{1,100}):(\d{1,20})>/, (m) => ({ type: 'command', name: m[1] })],
  [/^<t:(-?\d{1,17})(?::([tTdDfFR]))?>/, (m) => ({ type: 'time', seconds: Number(m[1]), style: m[2] ?? 'f', text: m[0] })],
  [/^<a?:(\w{2,32}):(\d{1,20})>/, (m) => ({ type: 'emoji', name: m[1], id: m[2] })],
]);
/** Longest first, so that `**` is not read as two `*`. */
const MARKS = /** @type {[string, string][]} */ ([
  ['**', 'strong'],
  ['__', 'underline'],
  ['~~', 'strike'],
  ['||', 'spoiler'],
  ['*', 'em'],
  ['_', 'em'],
]);

/**
 * @param {string} text
 * @returns {Tree[]} blocks: fence, quote, heading, subtext, list, lines
 */
export function parse(text) {
  return blocks(text.replaceAll('\r\n', '\n'), 0);
}

/** @param {string} text @returns {Tree[]} for titles and names: no blocks */
export function parseInline(text) {
  return inline(text, 0);
}

/** @param {string} text @param {number} depth @returns {Tree[]} */
function blocks(text, depth) {
  /** @type {Tree[]} */
  const found = [];
  const plain = /** @type {string[]} */ ([]);
  const flush = () => {
    if (plain.length) found.push({ type: 'lines', children: inline(plain.join('\n'), depth) });
    plain.length = 0;
  };
  let unfenced = false;
  let rest = text;
  while (rest) {
    /** @type {RegExpExecArray | null} */
    const fence = !unfenced && rest.startsWith('```') ? FENCE.exec(rest) : null;
    unfenced ||= rest.startsWith('```') && !fence;
    const block = fence
      ? { node: { type: 'fence', language: (fence[1] ?? '').toLowerCase(), text: fence[2].replace(/\n$/, '') }, length: fence[0].length }
      : quote(rest, depth) ?? heading(rest, depth) ?? list(rest, depth);
    if (block) {
      flush();
      found.push(block.node);
      rest = rest.slice(block.length);
      continue;
    }
    const end = endOfPlain(rest, unfenced);
    plain.push(rest.slice(0, end.at));
    rest = rest.slice(end.at + end.skip);
    if (!end.skip) flush();
  }
  flush();
  return found;
}

/**
 * Where a plain line stops: at its end, or where a fence opens inside it.
 * @param {string} text @param {boolean} unfenced
 */
function endOfPlain(text, unfenced) {
  const newline = text.indexOf('\n');
  const line = newline === -1 ? text : text.slice(0, newline);
  const fence = unfenced ? -1 : line.indexOf('```', 1);
  if (fence > 0 && text.indexOf('```', fence + 3) > 0) return { at: fence, skip: 0 };
  return { at: line.length, skip: newline === -1 ? 0 : 1 };
}

/** @param {string} text @param {number} depth */
function quote(text, depth) {
  if (depth > 0) return null;
  if (text.startsWith('>>> ')) {
    return { node: { type: 'quote', children: blocks(text.slice(4), depth + 1) }, length: text.length };
  }
  if (!text.startsWith('> ')) return null;
  const lines = leading(text, (line) => line.startsWith('> ') || line === '>');
  const inner = lines.map((line) => line.slice(2)).join('\n');
  return { node: { type: 'quote', children: blocks(inner, depth + 1) }, length: lengthOf(lines) };
}

/** @param {string} text @param {number} depth */
function heading(text, depth) {
  if (text[0] !== '#' && !text.startsWith('-#')) return null;
  const [line] = text.split('\n', 1);
  const match = HEADING.exec(line);
  if (!match) return null;
  const children = inline(match[2], depth + 1);
  const node = match[1] === '-#' ? { type: 'subtext', children } : { type: 'heading', level: match[1].length, children };
  return { node, length: line.length + 1 };
}

/** @param {string} text @param {number} depth */
function list(text, depth) {
  if (!/^ *(?:[-*]|\d{1,9}\.) /.test(text)) return null;
  let kind = '';
  const lines = leading(text, (line) => {
    const item = LIST_ITEM.exec(line);
    if (!item) return false;
    if (item[1].length) return true;
    const own = /\d/.test(item[2]) ? 'ordered' : 'plain';
    kind ||= own;
    return kind === own;
  });
  if (!lines.length) return null;
  const items = lines.map((line) => /** @type {RegExpExecArray} */ (LIST_ITEM.exec(line)));
  const node = {
    type: 'list',
    ordered: /\d/.test(items[0][2]),
    start: Number.parseInt(items[0][2], 10) || 1,
    items: items.map((item) => ({
      level: Math.min(4, Math.floor(item[1].length / 2)),
      children: inline(item[3], depth + 1),
    })),
  };
  return { node, length: lengthOf(lines) };
}

/** @param {string} text @param {(line: string) => boolean} belongs @returns {string[]} */
function leading(text, belongs) {
  const lines = [];
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const line = text.slice(start, newline === -1 ? text.length : newline);
    if (!belongs(line)) break;
    lines.push(line);
    start += line.length + 1;
  }
  return lines;
}

/** @param {string[]} lines each with its newline */
function lengthOf(lines) {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** @param {string} text @param {number} depth @returns {Tree[]} */
function inline(text, depth) {
  /** @type {Tree[]} */
  const found = [];
  /** Marks that are known to have no closing partner in this text. */
  const lonely = new Set();
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const node = depth < MAX_DEPTH ? special(text, at, depth, lonely) : null;
    if (!node) {
      const escaped = text[at] === '\\' && ESCAPABLE.test(text[at + 1] ?? '');
      plain += text[escaped ? at + 1 : at];
      at += escaped ? 2 : 1;
      continue;
    }
    if (plain) found.push({ type: 'text', text: plain });
    plain = '';
    found.push(node.tree);
    at += node.length;
  }
  if (plain) found.push({ type: 'text', text: plain });
  return found;
}

/**
 * @param {string} text @param {number} at @param {number} depth @param {Set<string>} lonely
 * @returns {{tree: Tree, length: number} | null}
 */
function special(text, at, depth, lonely) {
  const char = text[at];
  if (char === '\n') return { tree: { type: 'newline' }, length: 1 };
  if (char === '`') return code(text, at, lonely);
  if (char === '<') return tag(text.slice(at, at + 2200));
  if (char === '[') return masked(text.slice(at, at + 3000), depth);
  if (char === '@') return everyone(text, at);
  if (char === 'h') return address(text, at);
  for (const [mark, type] of MARKS) {
    if (text.startsWith(mark, at)) {
      const node = marked(text, at, mark, type, depth, lonely);
      if (node) return node;
    }
  }
  return null;
}

/** @param {string} text @param {number} at @param {Set<string>} lonely */
function code(text, at, lonely) {
  const mark = text.startsWith('``', at) ? '``' : '`';
  if (lonely.has(mark)) return null;
  const end = text.indexOf(mark, at + mark.length);
  if (end === -1) {
    lonely.add(mark);
    return null;
  }
  const inside = text.slice(at + mark.length, end);
  if (!inside.trim()) return null;
  const trimmed = mark === '``' ? inside.replace(/^ (?=`)|(?<=`) $/g, '') : inside;
  return { tree: { type: 'code', text: trimmed }, length: end + mark.length - at };
}

/** @param {string} text */
function tag(text) {
  const angled = ANGLED.exec(text);
  if (angled) return { tree: { type: 'link', url: angled[1], children: null }, length: angled[0].length };
  for (const [pattern, build] of TAGS) {
    const match = pattern.exec(text);
    if (match) return { tree: build(match), length: match[0].length };
  }
  return null;
}

/** @param {string} text @param {number} depth */
function masked(text, depth) {
  const match = MASKED.exec(text);
  if (!match) return null;
  // A label that is itself an address would show one place and lead to another.
  if (/https?:\/\//i.test(match[1])) return { tree: { type: 'text', text: match[0] }, length: match[0].length };
  return { tree: { type: 'link', url: match[2], children: inline(match[1], depth + 1) }, length: match[0].length };
}

/** @param {string} text @param {number} at */
function everyone(text, at) {
  const match = /^@(everyone|here)\b/.exec(text.slice(at, at + 10));
  return match && { tree: { type: 'everyone', text: match[0] }, length: match[0].length };
}

/** @param {string} text @param {number} at */
function address(text, at) {
  if (!text.startsWith('http', at)) return null;
  const match = ADDRESS.exec(text.slice(at, at + 2100));
  if (!match) return null;
  let url = match[0];
  while (/[.,;:!?'"*_~|\]]$/.test(url) || (url.endsWith(')') && !url.includes('('))) url = url.slice(0, -1);
  return url.length > 8 ? { tree: { type: 'link', url, children: null }, length: url.length } : null;
}

/**
 * @param {string} text @param {number} at @param {string} mark @param {string} type
 * @param {number} depth @param {Set<string>} lonely
 */
function marked(text, at, mark, type, depth, lonely) {
  if (lonely.has(mark)) return null;
  const start = at + mark.length;
  if (mark === '*' && /\s/.test(text[start] ?? ' ')) return null;
  if (mark === '_' && /\w/.test(text[at - 1] ?? ' ')) return null;
  const end = closing(text, start, mark);
  if (end === -1) {
    lonely.add(mark);
    return null;
  }
  if (end === start) return null;
  return { tree: { type, children: inline(text.slice(start, end), depth + 1) }, length: end + mark.length - at };
}

/** @param {string} text @param {number} start @param {string} mark @returns {number} -1 if none */
function closing(text, start, mark) {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') {
      at += 1;
    } else if (text.startsWith(mark, at)) {
      if (closes(text, at, mark)) return at;
      // A doubled single mark is another mark: `*a **b** c*`.
      if (mark.length === 1 && text[at + 1] === mark) at += 1;
    }
  }
  return -1;
}

/** @param {string} text @param {number} at @param {string} mark */
function closes(text, at, mark) {
  const after = text[at + mark.length] ?? ' ';
  if (mark === '*') return after !== '*' && !/\s/.test(text[at - 1]);
  if (mark === '_') return after !== '_' && !/\w/.test(after);
  return after !== mark[0];
}
