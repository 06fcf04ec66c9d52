"""Reading logs wherever they are kept.

LogStore (store.py)          what CloudWatch, plain files and Loki can all do
LogStores (stores.py)        all of them behind one door: "file:/var/log/*.log" goes to the
                             files, "loki:{app=\"shop\"}" to Loki, any other to CloudWatch;
                             knows which groups belong to a service
collect (stores.py)          a whole answer at once: lines and Progress
LiveTail (live.py)           CloudWatch's Live Tail, where it was chosen
Insights (insights.py)       CloudWatch Logs Insights: start, poll, results, stop
"""
