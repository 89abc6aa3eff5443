// Colours for what is not drawn by the style sheet: canvases and files.
export function colour(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
