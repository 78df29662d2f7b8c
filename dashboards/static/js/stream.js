// The one stream of the page. The browser reconnects by itself while the server refuses the connection; after an
// HTTP error it gives up, and then we try again.

const AGAIN_MS = 3000;
const SIGNED_OUT = 401;

/** Listen until the page is left: `onMessage(data, whole)` for each message, `onLost()` when the stream breaks. */
export function listen(onMessage, onLost) {
  const source = new EventSource("/api/stream");
  source.addEventListener("full", (event) => onMessage(JSON.parse(event.data), true));
  source.addEventListener("delta", (event) => onMessage(JSON.parse(event.data), false));
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState !== EventSource.CLOSED) return;
    leaveIfSignedOut();
    setTimeout(() => listen(onMessage, onLost), AGAIN_MS);
  });
}

/** Where a session has ended there is nothing to wait for. */
async function leaveIfSignedOut() {
  try {
    const { status } = await fetch("/api/session");
    if (status === SIGNED_OUT) location.reload();
  } catch {
    // no answer at all: the banner says so, and we try again
  }
}
