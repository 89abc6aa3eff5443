/** Whether every word of `wanted` is somewhere in `text`, in any case and order. */
export function matches(text: string, wanted: string): boolean {
  const there = text.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => there.includes(word));
}
