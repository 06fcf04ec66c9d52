"""Thinking about log lines: pure, linear time.

levels.level_of(message) -> Severity | None       across formats; None where none is told
sieve.Sieve(query)                                which lines fit a LogQuery; raises BadPayload
times.parse_time(text, *, now, zone) -> datetime  "15m", "2h ago", "10:30", "yesterday 14:00"
times.parse_window(since, until, *, now, zone) -> (start, end)
records.records(lines) -> list[Record]            lines of one stream become records again
reading.read(record) -> Reading                   level, message, trace, fields of a record
requests.request_ids(text) -> tuple[str, ...]     the requests and traces that a text names
display.readable(message) -> str                  JSON lines as one readable line
templates.templates(lines) -> tuple[Template, ...]    repeated lines collapsed, with counts
histogram.histogram(lines, start, end, buckets) -> Histogram
patterns.parse(pattern) -> Pattern                CloudWatch's filter patterns: .matches(message)
insights.insights_query(query) -> str             the same question in Insights' language
insights.console_link(query, region) -> str       and the link to ask it in the console
"""
