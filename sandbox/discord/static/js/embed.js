/** Embeds: the cards of a message. */

import { el } from './dom.js';
import { ownFile } from './links.js';
import { anchor, hex, inlineMarkdown, markdown } from './markdown_view.js';
import { messageTime, absolute } from './times.js';

/** @typedef {import('./markdown_view.js').Names} Names */

/**
 * @param {any} embed Discord's own object
 * @param {Names} names
 * @returns {HTMLElement}
 */
export function embedView(embed, names) {
  const vars = embed.color === undefined || embed.color === null ? {} : { '--bar': hex(embed.color) };
  return el(
    'section',
    { class: 'embed', vars, 'aria-label': embed.title || embed.author?.name || 'Card' },
    el(
      'div',
      { class: 'embed-text' },
      embed.author?.name ? author(embed.author, names) : null,
      embed.title ? title(embed, names) : null,
      embed.description ? el('div', { class: 'embed-description prose' }, markdown(embed.description, names)) : null,
      embed.fields?.length ? fields(embed.fields, names) : null,
    ),
    picture(embed.thumbnail, 'embed-thumbnail', names),
    picture(embed.image, 'embed-image', names),
    footer(embed),
  );
}

/** @param {any} who @param {Names} names */
function author(who, names) {
  const own = ownFile(who.icon_url);
  const name = who.url ? anchor(who.url, who.name, names) : who.name;
  return el('div', { class: 'embed-author' }, own ? el('img', { src: own, alt: '' }) : null, el('span', {}, name));
}

/** @param {any} embed @param {Names} names */
function title(embed, names) {
  const text = inlineMarkdown(embed.title, names);
  const inner = embed.url ? anchor(embed.url, text, names) : text;
  return el('div', { class: 'embed-title', role: 'heading', 'aria-level': 4 }, inner);
}

/**
 * Up to three inline fields share a row; the others have one of their own.
 * @param {any[]} list @param {Names} names
 */
function fields(list, names) {
  const rows = /** @type {any[][]} */ ([]);
  for (const field of list) {
    const row = rows.at(-1);
    if (field.inline && row?.[0].inline && row.length < 3) row.push(field);
    else rows.push([field]);
  }
  return el(
    'dl',
    { class: 'embed-fields' },
    rows.flatMap((row) =>
      row.map((field) =>
        el(
          'div',
          { class: `embed-field span-${row.length === 1 ? 'all' : 12 / row.length}` },
          el('dt', {}, inlineMarkdown(field.name, names)),
          el('dd', { class: 'prose' }, markdown(field.value, names)),
        ),
      ),
    ),
  );
}

/** @param {any} media @param {string} className @param {Names} names */
function picture(media, className, names) {
  if (!media?.url) return null;
  const own = ownFile(media.proxy_url ?? media.url) ?? ownFile(media.url);
  if (!own) return el('p', { class: `${className} elsewhere` }, 'Picture: ', anchor(media.url, null, names));
  return el('a', { class: className, href: own, target: '_blank', rel: 'noopener' }, el('img', { src: own, alt: media.description ?? 'Picture of the card', loading: 'lazy' }));
}

/** @param {any} embed */
function footer(embed) {
  if (!embed.footer?.text && !embed.timestamp) return null;
  const date = embed.timestamp ? new Date(embed.timestamp) : null;
  return el(
    'footer',
    { class: 'embed-footer' },
    embed.footer?.text ? el('span', {}, embed.footer.text) : null,
    embed.footer?.text && date ? el('span', { 'aria-hidden': 'true' }, ' · ') : null,
    date ? el('time', { datetime: date.toISOString(), title: absolute(date, 'F') }, messageTime(date)) : null,
  );
}
