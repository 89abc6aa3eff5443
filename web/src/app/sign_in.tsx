// Asks for a token where the server wants to know who calls.
import { useState } from "preact/hooks";
import { signIn } from "../api/calls.ts";
import { Page } from "../parts/page.tsx";

export function SignIn() {
  const [text, setText] = useState("");
  return (
    <Page title="Sign in">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") signIn(text.trim());
        }}
      >
        <p>
          This server asks who calls. Paste a token; it stays in this tab and goes to this server
          only.
        </p>
        <label class="row">
          Token
          <input
            class="field"
            type="password"
            autocomplete="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" class="button acts">
            Sign in
          </button>
        </label>
        <p class="quiet">
          An administrator makes one with <code>mlctl token create</code>; the first is the last
          line that <code>cairnd init</code> prints.
        </p>
      </form>
    </Page>
  );
}
