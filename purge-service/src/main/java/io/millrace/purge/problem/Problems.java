package io.millrace.purge.problem;

import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import jakarta.validation.ConstraintViolationException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Makes a problem of everything that can go wrong with a request. */
class Problems {

    private static final Logger LOG = Logger.getLogger(Problems.class);
    private static final String REQUEST = "The request";
    private static final String RETRY_AFTER_SECONDS = "5";
    /** SQL states. */
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String UNDEFINED_TABLE = "42P01";
    private static final String UNDEFINED_COLUMN = "42703";

    @ServerExceptionMapper
    Response known(ProblemException e) {
        return e.problem().response();
    }

    @ServerExceptionMapper
    Response unauthorized(UnauthorizedException e, UriInfo uri) {
        return unauthorized(uri);
    }

    @ServerExceptionMapper
    Response unauthorized(AuthenticationFailedException e, UriInfo uri) {
        return unauthorized(uri);
    }

    private static Response unauthorized(UriInfo uri) {
        return Problem.of(Status.UNAUTHORIZED, REQUEST, to(uri), "it carries no bearer token, or one that is not accepted",
                "send the header Authorization: Bearer with the token that millrace.purge.token refers to, or one of the OIDC provider")
                .builder().header(HttpHeaders.WWW_AUTHENTICATE, "Bearer").build();
    }

    @ServerExceptionMapper
    Response forbidden(ForbiddenException e, UriInfo uri) {
        return Problem.of(Status.FORBIDDEN, REQUEST, to(uri), "the caller lacks the role that this needs: millrace-operator to change something, or millrace-eraser to erase, millrace-enricher to enrich, millrace-approver to confirm, millrace-reader to look at verifications and retention", "have the role given to the caller at the OIDC provider").response();
    }

    @ServerExceptionMapper
    Response invalid(ConstraintViolationException e, UriInfo uri) {
        var why = e.getConstraintViolations().stream().map(v -> last(v.getPropertyPath().toString()) + " " + v.getMessage()).sorted().collect(Collectors.joining("; "));
        return Problem.of(Status.BAD_REQUEST, REQUEST, to(uri), why, "correct it and send it again").response();
    }

    /** Quarkus would answer it without a body. */
    @ServerExceptionMapper
    Response mistyped(MismatchedInputException e, UriInfo uri) {
        var why = firstLine(e.getOriginalMessage(), "the body has another form");
        return Problem.of(Status.BAD_REQUEST, REQUEST, to(uri), why, "correct it and send it again").response();
    }

    private static String firstLine(String text, String otherwise) {
        return text == null ? otherwise : text.lines().findFirst().orElse(otherwise);
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    @ServerExceptionMapper
    Response refused(WebApplicationException e, UriInfo uri) {
        var status = e.getResponse().getStatusInfo().toEnum();
        if (status == null || status.getFamily() == Status.Family.SERVER_ERROR) {
            return unexpected(e, uri);
        }
        var cause = e.getCause() == null ? e : e.getCause();
        if (status == Status.NOT_FOUND && cause != e) {
            // The address is right, and a value in its query is none.
            return Problem.of(Status.BAD_REQUEST, REQUEST, to(uri), firstLine(cause.getMessage(), "a value in its query has another form"), "correct it and send it again").response();
        }
        var why = status == Status.NOT_FOUND ? "there is nothing at this address" : firstLine(cause.getMessage(), status.getReasonPhrase());
        return Problem.of(status, REQUEST, to(uri), why, "compare it with the README of the purge service").response();
    }

    @ServerExceptionMapper
    Response unexpected(Throwable e, UriInfo uri) {
        for (var cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return database(sql, uri);
            }
        }
        LOG.errorf(e, "%s %s failed", REQUEST, to(uri));
        return Problem.of(Status.INTERNAL_SERVER_ERROR, REQUEST, to(uri), "of an error in the service: " + e, "look into the log of the purge service").response();
    }

    /** What would fail again is told apart from what may pass. */
    private static Response database(SQLException e, UriInfo uri) {
        return switch (String.valueOf(e.getSQLState())) {
            case INSUFFICIENT_PRIVILEGE -> lacking(uri, "the user of the pipeline files lacks a right in the source database (" + firstLine(e.getMessage(), "") + ")",
                    "run the provisioner for this source, which grants what is needed, or grant SELECT on the pipelines' tables");
            case UNDEFINED_TABLE, UNDEFINED_COLUMN -> lacking(uri, "the source database lacks a table or a column (" + firstLine(e.getMessage(), "") + ")",
                    "run the provisioner for this source, and correct the pipeline files where they name what is not there");
            default -> databaseAway(e, uri);
        };
    }

    private static Response lacking(UriInfo uri, String why, String next) {
        LOG.warnf("%s %s was not done, %s", REQUEST, to(uri), why);
        return Problem.of(Status.CONFLICT, REQUEST, to(uri), why, next).response();
    }

    private static Response databaseAway(SQLException e, UriInfo uri) {
        LOG.warnf("%s %s was not done, the source database did not take it: %s", REQUEST, to(uri), e.getMessage());
        return Problem.of(Status.SERVICE_UNAVAILABLE, REQUEST, to(uri), "the source database did not take it (" + e.getMessage() + ")",
                "send it again in some seconds, with an Idempotency-Key so that it is done once; /q/health/ready tells whether the database is there")
                .builder().header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS).build();
    }

    private static String to(UriInfo uri) {
        return "to " + uri.getRequestUri().getRawPath();
    }
}
