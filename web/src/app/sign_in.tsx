// Asks for a token where the server wants to know who calls, and tells who is signed in.
import { useState } from "preact/hooks";
import { failureOf, signIn, signInReason, signOut, token, whoAmI } from "../api/calls.ts";
import { useQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { absolute, millis } from "../text/times.ts";

export function SignIn() {
  const [text, setText] = useState("");
  const [refused, setRefused] = useState("");
  const [busy, setBusy] = useState(false);
  const tryIt = async () => {
    setBusy(true);
    try {
      await signIn(text.trim());
    } catch (error) {
      const { message, reason } = failureOf(error);
      setRefused(`${message}${reason === "" ? "" : ` (${reason})`}`);
      setBusy(false);
    }
  };
  const why = refused === "" ? signInReason.value : refused;
  return (
    <Page title="Sign in">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") void tryIt();
        }}
      >
        <p>
          This server asks who calls. Paste a token; it stays in this tab and goes to this server
          only. Afterwards you are where you were.
        </p>
        {why !== "" && (
          <div class="notice failed" role="alert">
            {refused === "" ? "You were signed out: " : "Not signed in: "}
            {why}
          </div>
        )}
        <label class="row">
          Token
          <input
            class="field"
            type="password"
            autocomplete="off"
            placeholder="cairn_…"
            value={text}
            onInput={(event) => {
              setRefused("");
              setText(event.currentTarget.value);
            }}
          />
          <button type="submit" class="button acts" disabled={busy || text.trim() === ""}>
            Sign in
          </button>
        </label>
        <p class="quiet">
          An administrator makes one with <code>mlctl token create NAME</code> and lets it read with{" "}
          <code>mlctl role bind principal:NAME reader &apos;*&apos;</code>. The first token is the
          last line that <code>cairnd init</code> prints.
        </p>
      </form>
    </Page>
  );
}

/** Who is signed in, and the way out; nothing where the server asks nobody. */
export function SignedIn() {
  if (token.value === "") return null;
  return (
    <>
      <Who key={token.value} />
      <button type="button" class="button" onClick={signOut}>
        Sign out
      </button>
    </>
  );
}

function Who() {
  const { data } = useQuery("who am I", () => whoAmI());
  if (data === undefined) return null;
  const until = millis(data.expireTime);
  const facts = [
    data.tokenDisplayName,
    data.groups.length === 0 ? "" : `groups: ${data.groups.join(", ")}`,
    until === undefined ? "" : `valid until ${absolute(until)}`,
    data.roleBindings.length === 0 ? "no role is bound to it" : "",
  ];
  return (
    <span class="quiet who" title={facts.filter((fact) => fact !== "").join("\n")}>
      {data.principal}
    </span>
  );
}
