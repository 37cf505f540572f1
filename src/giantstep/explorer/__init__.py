"""View: the explorer, a page that asks the verbs and draws what they answer, live, on this machine.

A request goes: `guard` (who may ask) -> `app` (routes) -> `workers` (a process that can be stopped) ->
`panels` (the question in, events out) -> `stream` (one JSON document a line, back to the page in `page/`).
"""
