// Follows what is under way: the server sends the bars, and says when the page is to be looked at anew.
(() => {
  const RETRY_MILLISECONDS = 3000;

  const follow = (place) => {
    const source = new EventSource(place.dataset.live);
    place.leave = () => source.close();
    source.onmessage = (said) => {
      if (place.isConnected) place.innerHTML = said.data;
      else source.close();
    };
    source.addEventListener("end", () => {
      source.close();
      if (place.isConnected) location.reload();
    });
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED && place.isConnected) {
        setTimeout(() => place.isConnected && location.reload(), RETRY_MILLISECONDS);
      }
    };
  };

  const below = (element) => element.parentElement?.querySelectorAll("[data-live]") ?? [];

  document.addEventListener("htmx:load", (event) => {
    for (const place of below(event.detail.elt)) if (!place.leave) follow(place);
  });
  document.addEventListener("htmx:beforeCleanupElement", (event) => event.target.leave?.());
})();
