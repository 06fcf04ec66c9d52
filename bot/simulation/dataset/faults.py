"""What breaks in code: per kind of error the failing call, its words, and its type by language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of error. `message` holds one %d; `types` are by language (go, java, node, python)."""

    kind: str
    module: str
    function: str
    call: str
    message: str
    types: tuple[str, str, str, str]

    def type_in(self, language: str) -> str:
        """The exception's type in a language."""
        return self.types[("go", "java", "node", "python").index(language)]


def _fault(kind: str, place: str, call: str, message: str, types: str) -> tuple[str, Fault]:
    module, function = place.split(".")
    go, java, node, python = types.split()
    return kind, Fault(kind, module, function, call, message, (go, java, node, python))


FAULTS = dict(
    (
        _fault("cache", "cache.read_through", "redis.get(key)",
               "connection to redis shop-cache:6379 lost after %d ms",
               "*net.OpError RedisConnectionException ReplyError ConnectionError"),
        _fault("payment_provider", "provider.charge", "provider.create_charge(request)",
               "payment provider answered 503 after %d ms",
               "*provider.Error PaymentProviderException ProviderError ProviderUnavailable"),
        _fault("timeout", "repository.find_by_id", "database.query(statement)",
               "canceling statement due to statement timeout after %d ms",
               "*pgconn.PgError QueryTimeoutException QueryCanceledError QueryCanceled"),
        _fault("out_of_memory", "report.collect_pages", "pages.append(page)",
               "cannot allocate %d bytes for the next page",
               "runtime.Error java.lang.OutOfMemoryError RangeError MemoryError"),
        _fault("queue", "consumer.acknowledge", "queue.delete_message(receipt)",
               "receipt handle expired, message was %d s in flight",
               "*types.ReceiptHandleIsInvalid AmazonSQSException ReceiptHandleIsInvalid "
               "ClientError"),
        _fault("code", "mapper.to_view", "price_of(variant, currency)",
               "variant %d has no price in the requested currency",
               "*view.MissingPriceError NullPointerException TypeError KeyError"),
        _fault("refused", "peers.call", "client.send(request)",
               "connect to 10.100.44.17:8080 refused, attempt took %d us",
               "*net.OpError ConnectException Error ConnectionRefusedError"),
        _fault("gc", "worker.run_batch", "executor.submit(batch)",
               "batch gave up after a pause of %d ms in garbage collection",
               "context.deadlineExceededError TimeoutException TimeoutError TimeoutError"),
        _fault("overloaded", "admission.accept", "semaphore.acquire(limit)",
               "too many requests in flight: %d",
               "*limit.ExceededError RejectedExecutionException OverloadedError Overloaded"),
        _fault("llm_rate_limit", "completion.complete", "model.complete(prompt)",
               "rate limit reached for tokens per minute, try again in %d ms",
               "*llm.RateLimitError RateLimitException RateLimitError RateLimitError"),
        _fault("llm_answer", "grounding.check_answer", "facts.verify(answer)",
               "answer names product %d, which is not in the catalogue",
               "*llm.GroundingError GroundingException GroundingError UngroundedAnswer"),
        _fault("migration", "repository.insert_row", "database.execute(statement)",
               "column quantity is of type integer but expression is of type text at character %d",
               "*pgconn.PgError BadSqlGrammarException DatabaseError DatatypeMismatch"),
        _fault("certificate", "transport.handshake", "tls.connect(host)",
               "certificate verify failed: certificate has expired %d s ago",
               "*tls.CertificateVerificationError SSLHandshakeException Error SSLError"),
        _fault("dns", "transport.resolve", "resolver.lookup(host)",
               "lookup on 10.100.0.10:53 timed out after %d ms: no such host",
               "*net.DNSError UnknownHostException Error gaierror"),
        _fault("disk", "journal.append", "journal.write(record)",
               "no space left on device, %d bytes not written",
               "*fs.PathError IOException Error OSError"),
        _fault("pool", "repository.with_connection", "pool.acquire(timeout)",
               "connection pool exhausted, waited %d ms for a connection",
               "*pgxpool.AcquireError SQLTransientConnectionException TimeoutError PoolTimeout"),
        # What a caller says of the service that it calls.
        _fault("upstream", "peers.call", "client.send(request)",
               "upstream answered 503 after %d ms",
               "*client.StatusError HttpServerErrorException HTTPError HTTPStatusError"),
        # The small change of every day.
        _fault("validation", "forms.parse", "schema.validate(body)",
               "field quantity must be at most 99, got %d",
               "*forms.Error MethodArgumentNotValidException ValidationError ValidationError"),
        _fault("conflict", "repository.update_row", "database.execute(statement)",
               "row version %d is stale, somebody else changed it",
               "*store.ConflictError OptimisticLockException ConflictError StaleDataError"),
        _fault("client_gone", "stream.write_body", "connection.write(chunk)",
               "client closed the connection after %d bytes",
               "*http.httpError ClientAbortException Error BrokenPipeError"),
    )
)  # fmt: skip
EVERYDAY = ("validation", "conflict", "client_gone", "timeout", "upstream")
