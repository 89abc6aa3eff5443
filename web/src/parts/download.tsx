// A link that saves a text the page has made; no server is asked.
import type { ComponentChildren } from "preact";

const KEEP_MILLIS = 60_000;

export function Download(props: {
  name: string;
  type: string;
  text: () => string;
  children: ComponentChildren;
}) {
  const { name, type, text, children } = props;
  const fill = (event: { currentTarget: HTMLAnchorElement }) => {
    const address = URL.createObjectURL(new Blob([text()], { type }));
    event.currentTarget.href = address; // before the browser follows it
    setTimeout(() => URL.revokeObjectURL(address), KEEP_MILLIS);
  };
  return (
    <a class="button" href="#" download={name.replaceAll("/", "_")} onClick={fill}>
      {children}
    </a>
  );
}
