/** What is an address, and what is a path. */
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
