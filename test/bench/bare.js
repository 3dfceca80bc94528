/** The baseline: the smallest Worker that forwards and checks nothing. */
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.LIVE_ORIGIN + pathname + search, request);
  },
};
