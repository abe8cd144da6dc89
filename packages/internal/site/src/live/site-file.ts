/** Files of the site that a page fetches when they are needed. */
import { withBase } from 'vitepress';

/**
 * The bytes of a file in `public`, below whatever path the site stands.
 * @throws Error naming the file where the server does not give it
 */
export async function siteFile(path: string): Promise<Blob> {
  const address = withBase(`/${path}`);
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server answered ${response.status} ${response.statusText}`);
  return response.blob();
}
