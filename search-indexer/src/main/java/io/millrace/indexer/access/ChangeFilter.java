package io.millrace.indexer.access;

import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.access.ChangeAudit;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Has every change that somebody is let in for told to the log, whichever method answers it. */
class ChangeFilter {

    private final ChangeAudit audit;
    private final CurrentVertxRequest call;

    ChangeFilter(IndexerConfig config, CurrentVertxRequest call) {
        this.audit = new ChangeAudit(() -> OperatorDoor.token(config));
        this.call = call;
    }

    @ServerResponseFilter
    void note(ContainerRequestContext request, ContainerResponseContext response) {
        if (audit.concerns(request.getHeaderString(HttpHeaders.AUTHORIZATION), request.getMethod())) {
            var uri = request.getUriInfo();
            audit.answered(request.getMethod(), uri.getRequestUri().getRawPath(), uri.getQueryParameters(), call.getCurrent().request().remoteAddress().hostAddress(), response.getStatus());
        }
    }
}
