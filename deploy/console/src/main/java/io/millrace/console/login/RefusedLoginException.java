package io.millrace.console.login;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;

/** The provider gives no token: the code was used or has ended, or so has the login. */
class RefusedLoginException extends WebApplicationException {

    RefusedLoginException(String message) {
        super(message, Response.Status.FORBIDDEN);
    }
}
