/** The texts of the list of keys; part of texts.ts. */
import type { ApiKey } from "../keys/api-key.ts";

export const listTexts = {
  list: {
    intro: "API keys let your programs use the Octopost API on your behalf. Store them like passwords.",
    create: "Create API key",
    filter: "Filter keys",
    anyMode: "Live and test",
    state: "State",
    notRevoked: "Not revoked",
    all: "All",
    search: "Name, last four characters, ID or label",
    apply: "Apply",
    clear: "Clear filter",
    columns: ["Select", "Name", "State", "Permissions", "Last used", "Expires", "Actions"],
    revokedMatch: (count: number) => `${count} revoked ${count === 1 ? "key matches" : "keys match"}.`,
    othersMatch: (count: number) =>
      `${count} ${count === 1 ? "key" : "keys"} in other states or modes also ${count === 1 ? "matches" : "match"}.`,
    showOne: "Show it",
    showMany: "Show them",
    restricted: "IP-restricted",
    range: (start: number, shown: number, total: number) =>
      total === 0 ? "No keys" : `${start + 1}–${start + shown} of ${total}`,
    select: "Select",
    successor: "Replaced",
    replaces: ({ name, hint }: Pick<ApiKey, "name" | "hint">) =>
      `Replaces ${hint.endsWith("…") ? name : `…${hint.slice(-4)}`}`,
    createLike: "Create one like it",
    edit: "Change",
    revokeSelected: "Revoke selected…",
    /** For the script. */
    revokeOne: "Revoke 1 key…",
    revokeMany: "Revoke {count} keys…",
    older: "Older",
    allRevoked: "All keys of this account are revoked.",
    accountSuspended: "Octopost has suspended all keys of this account. Contact support to resume them.",
    isKey: "Do not search for a whole key: its last four characters are enough.",
    none: "No key matches this filter.",
    newer: "Newer",
    rotate: "Rotate",
    continue: "Continue",
    continueRotation: "Continue rotation",
    revoke: "Revoke",
    ofKey: (action: string, name: string) => `${action}: ${name}`,
  },
  empty: {
    title: "Create your first key",
    steps: [
      "Create a test key. It works with sandbox data only and never publishes to a real account.",
      "Copy the key when it is shown. It is shown only once.",
      "Send it with every request: Authorization: Bearer <your key>.",
      "For production, create a live key with only the permissions it needs.",
    ],
  },
} as const;
