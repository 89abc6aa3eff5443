/** A kind of event as people say it: "model version created" for MODEL_VERSION_CREATED. */
export function kindInWords(kind: string): string {
  return kind.toLowerCase().replaceAll("_", " ").replace("dataset", "data set");
}
