/** Whether a place is a repository of Hugging Face's hub, as timm calls it: 'hf-hub:owner/name'. */
export function isHubName(place: string): boolean {
  return /^hf[-_]hub:/.test(place);
}
