/** The texts of the pages that show a refusal instead of content: what happened, and what to do. */
export const noticeTexts = {
  byReason: {
    session_ended: {
      title: "Your session has ended",
      text: "A session lasts 30 minutes, or up to 12 hours if you extend it. Open this page again from the Octopost dashboard. Earlier changes were saved; your last action changed nothing.",
    },
    link_used: {
      title: "This link is not valid or has been used",
      text: "A link opens the key page once, within five minutes, and must be complete. Open the page again from the Octopost dashboard.",
    },
    cookies_blocked: {
      title: "Cookies are blocked",
      text: "This page needs one cookie, which keeps you signed in. Allow cookies for this site, then open the page again from the Octopost dashboard.",
    },
    csrf_failed: {
      title: "This form is out of date",
      text: "It was not submitted from your current session, so nothing was changed. Open your keys and try again.",
    },
    too_many_new_keys: {
      title: "Too many new keys",
      text: "An account can create 50 keys a minute. No key was created.",
    },
    conflict: {
      title: "Nothing was changed",
      text: "It is not possible now.",
    },
    body_too_large: {
      title: "This form is too long",
      text: "Nothing was changed. Shorten what you entered.",
    },
    https_required: {
      title: "This page requires HTTPS",
      text: "Nothing was changed. Open the page again from the Octopost dashboard.",
    },
  },
  signed_out: { title: "You are signed out", text: "You can close this page." },
  not_found: { title: "Page not found", text: "The key may belong to another account." },
  unavailable: {
    title: "Your keys cannot be reached right now",
    text: "Try again in a moment.",
  },
  fault: { title: "Something went wrong", text: "The error is on our side. Try again." },
  requestId: "Quote this request ID when you contact support:",
  resubmit: "To submit the form again, reload this page. That does not create a second key.",
  retry: "Try again",
  retryIn: (seconds: number) => `Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
} as const;
