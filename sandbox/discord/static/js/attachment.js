/** Files of a message: pictures are shown, texts previewed, everything can be saved. */

import { el, icon, replace } from './dom.js';
import { ownFile } from './links.js';

const PICTURE = /^image\/(png|jpeg|gif|webp)/;
const TEXT_TYPE = /^(text\/|application\/(json|x-ndjson|xml|x-yaml))/;
const TEXT_NAME = /\.(txt|log|json|md|csv|ya?ml|py|js|ts|diff|patch|toml|ini|cfg|xml|sql)$/i;
const PREVIEW_LINES = 5;
const PREVIEW_BYTES = 65_536;

/** @param {any} file Discord's attachment object @returns {HTMLElement} */
export function attachmentView(file) {
  const own = ownFile(file.url);
  if (own && PICTURE.test(file.content_type ?? '')) return picture(file, own);
  const isText = TEXT_TYPE.test(file.content_type ?? '') || TEXT_NAME.test(file.filename);
  return el(
    'figure',
    { class: 'file', 'aria-label': `File ${file.filename}` },
    own && isText ? preview(file, own) : null,
    el(
      'figcaption',
      { class: 'file-line' },
      icon('file'),
      el('span', { class: 'file-name' }, file.filename),
      el('span', { class: 'faint' }, readableSize(file.size)),
      own ? el('a', { class: 'icon-button', href: own, download: file.filename, 'aria-label': `Save ${file.filename}`, title: 'Save' }, icon('save')) : null,
    ),
  );
}

/** @param {any} file @param {string} own */
function picture(file, own) {
  return el('a', { class: 'picture', href: own, target: '_blank', rel: 'noopener' },
    el('img', { src: own, alt: file.description ?? file.filename, loading: 'lazy', width: file.width, height: file.height }));
}

/** @param {any} file @param {string} own */
function preview(file, own) {
  const code = el('code', {}, 'Loading…');
  const box = el('pre', { class: 'fence file-text', tabindex: '0', 'aria-label': `Beginning of ${file.filename}` }, code);
  const holder = el('div', {}, box);
  fetch(own, { headers: { Range: `bytes=0-${PREVIEW_BYTES - 1}` } })
    .then(async (response) => {
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      fill(holder, code, (await response.text()).slice(0, PREVIEW_BYTES));
    })
    .catch((error) => replace(code, `Cannot show the file (${error.message}).`));
  return holder;
}

/** @param {HTMLElement} holder @param {HTMLElement} code @param {string} text */
function fill(holder, code, text) {
  const lines = text.trimEnd().split('\n');
  replace(code, lines.slice(0, PREVIEW_LINES).join('\n'));
  if (lines.length <= PREVIEW_LINES) return;
  const button = el('button', { type: 'button', class: 'quiet-button', 'aria-expanded': false }, `Show all ${lines.length} lines`);
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(open));
    replace(button, open ? 'Show less' : `Show all ${lines.length} lines`);
    replace(code, (open ? lines : lines.slice(0, PREVIEW_LINES)).join('\n'));
  });
  holder.appendChild(button);
}

/** @param {number} bytes */
export function readableSize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
