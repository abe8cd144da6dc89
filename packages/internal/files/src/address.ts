/** What is an address, what is a path, and what of an address may be shown. */
import { runsInNode } from './node-module.js';

/**
 * The absolute address that a string means, or null where it is a path or a file URL. A page has no files: what it names is an address, from
 * the page's own on.
 */
export function addressOf(place: string | URL): string | null {
  const text = String(place);
  if (/^https?:\/\//i.test(text)) return text;
  if (runsInNode()) return null;
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  return URL.canParse(text, location?.href) ? new URL(text, location?.href).href : null;
}

/** An address as errors may show it: the query of a presigned URL and a password before the host are keys to what is behind it. */
export function shownAddress(address: string | URL): string {
  return String(address)
    .replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
    .replace(/[?#].*$/s, (rest) => (rest.startsWith('?') ? '?…' : ''));
}
