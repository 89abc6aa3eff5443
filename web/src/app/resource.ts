/** Every page takes the resource it shows: "models/m/channels/production". */
export interface PageOfResource {
  name: string;
}
