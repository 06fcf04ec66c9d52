"""A threshold crossed: as CloudWatch tells EventBridge, and as Grafana tells its contact points."""

from __future__ import annotations

from bot.simulation.dataset.configuration import METRICS, Config
from bot.simulation.dataset.draws import hexes, uuid_text, words
from bot.simulation.dataset.entries import SECONDS, Entry
from bot.simulation.dataset.load import UNITS, Crossing
from bot.simulation.dataset.requests import Minute

_TITLES = ("requests are many", "errors are many", "answers are slow", "CPU is busy",
           "memory is full", "garbage collection is long", "the queue is long",
           "connections run out", "the disk is full")  # fmt: skip


def alarm_event(config: Config, seed: int, minute: Minute, change: Crossing) -> Entry:
    """EventBridge's "CloudWatch Alarm State Change"."""
    key = (seed, "alarm", change.service, change.metric, minute.number)
    digits, word = hexes(1, 64, *key)[0], words(1, *key)[0]
    company = config.company
    at = 5_000 + word % 50_000
    name = alarm_name(config, change)
    value = minute.load.values[change.service][change.metric][minute.index - 3]
    threshold = minute.load.thresholds[change.service][change.metric]
    seconds = SECONDS[at]
    moment = f"{minute.text}{seconds}+0000"
    old, new = ("OK", "ALARM") if change.firing else ("ALARM", "OK")
    crossed = "was" if change.firing else "was not"
    reason = (
        f"Threshold Crossed: 2 out of the last 3 datapoints [{value:.3f}] {crossed} greater than "
        f"the threshold ({threshold:.1f}) (minimum 2 datapoints for {old} -> {new} transition)."
    )
    text = (
        f'"@kind":"alarm","version":"0","id":"{uuid_text(digits[:32])}",'
        f'"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch",'
        f'"account":"{company.account}","time":"{minute.text}{seconds[:2]}Z",'
        f'"region":"{company.region}","resources":["arn:aws:cloudwatch:{company.region}:'
        f'{company.account}:alarm:{name}"],"detail":{{"alarmName":"{name}","state":{{"value":"{new}",'
        f'"reason":"{reason}","timestamp":"{moment}"}},"previousState":{{"value":"{old}",'
        f'"timestamp":"{minute.text}{seconds}+0000"}},"configuration":{{"description":'
        f'"{change.service}: {_TITLES[change.metric]}","metrics":[{{'
        f'"id":"{uuid_text(digits[32:])}",'
        f'"metricStat":{{"metric":{{"namespace":"Shop/Services","name":"{METRICS[change.metric]}",'
        f'"dimensions":{{"ClusterName":"{company.cluster}","ServiceName":"{change.service}"}}}},'
        f'"period":60,"stat":"Average"}},"returnData":true}}]}}}}}}'
    )
    return at, text, change.blame


def alarm_name(config: Config, change: Crossing) -> str:
    """The name of a CloudWatch alarm and of the Grafana rule beside it."""
    return f"{config.company.name}-{change.service}-{METRICS[change.metric]}"


def notification(config: Config, seed: int, minute: Minute, change: Crossing) -> Entry:
    """The body of Grafana's webhook contact point (unified alerting)."""
    key = (seed, "rule", change.service, change.metric)
    print_of, word = hexes(1, 16, *key)[0], words(1, *key, minute.number)[0]
    at = 10_000 + word % 49_000
    state = "firing" if change.firing else "resolved"
    name = alarm_name(config, change)
    value = minute.load.values[change.service][change.metric][minute.index - 4]
    title = f"{change.service}: {_TITLES[change.metric]}"
    moment = f"{minute.text}{SECONDS[at]}Z"
    ends = "0001-01-01T00:00:00Z" if change.firing else moment
    labels = (
        f'"alertname":"{name}","grafana_folder":"{config.company.name}",'
        f'"service":"{change.service}","severity":"warning","environment":"production"'
    )
    url = f"https://grafana.example.com/alerting/grafana/{print_of}/view?orgId=1"
    text = (
        f'"@kind":"notification","receiver":"jinkies","status":"{state}","alerts":[{{"status":'
        f'"{state}","labels":{{{labels}}},"annotations":{{"summary":"{title}","description":'
        f'"{METRICS[change.metric]} is {value:.3f} {UNITS[change.metric]}"}},"startsAt":"{moment}",'
        f'"endsAt":"{ends}","generatorURL":"{url}","fingerprint":"{print_of}","dashboardURL":'
        f'"https://grafana.example.com/d/{change.service}","values":{{"A":{value:.3f}}}}}],'
        f'"groupLabels":{{"alertname":"{name}"}},"commonLabels":{{{labels}}},'
        f'"commonAnnotations":{{"summary":"{title}"}},'
        f'"externalURL":"https://grafana.example.com/","version":"1","groupKey":"{{}}:'
        f'{{alertname={name}}}","truncatedAlerts":0,"orgId":1,"title":"[{state.upper()}:1] {name}",'
        f'"state":"{"alerting" if change.firing else "ok"}","message":"{title}"}}'
    )
    return at, text, change.blame
