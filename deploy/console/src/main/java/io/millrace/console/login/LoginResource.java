package io.millrace.console.login;

import com.fasterxml.jackson.databind.JsonNode;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the page needs to log somebody in at the provider by a code (RFC 6749, 4.1, with RFC 7636), to renew that and to log out. The page keeps the tokens, in its tab alone, and sends them in a header: this server knows
 * of no session, so there is no cookie that another site could have sent along. Open to everybody where there is a provider, since who asks is not logged in yet.
 */
@Path("/api/login")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class LoginResource {

    private final Provider provider;

    LoginResource(Provider provider) {
        this.provider = provider;
    }

    /**
     * Where people log in; nothing of it where this console has no provider.
     *
     * @param authorize address to which the browser is sent
     * @param client as whom
     * @param scope what for
     * @param end where it is sent to log out there too; null where there is no such address
     */
    public record Way(String authorize, String client, String scope, String end) {}

    /**
     * @param code that the provider gave to the browser
     * @param verifier of which the browser had sent the hash
     * @param redirect where the browser was to come back to
     */
    public record Code(@NotBlank String code, @NotBlank String verifier, @NotBlank String redirect) {}

    /** @param token by which a login is renewed */
    public record Renewal(@NotBlank String token) {}

    /**
     * @param access token that every call takes along
     * @param seconds for how long; 60 where the provider does not say
     * @param renewal null where it cannot be renewed
     * @param id by which the provider knows whom to log out; null where it gave none
     */
    public record Tokens(String access, long seconds, String renewal, String id) {

        private static final long UNKNOWN = 60;

        static Tokens of(JsonNode said) throws RefusedLoginException {
            var access = said.path("access_token").asText("");
            if (access.isEmpty()) {
                throw new RefusedLoginException("The login provider answered without a token");
            }
            return new Tokens(access, said.path("expires_in").asLong(UNKNOWN), said.path("refresh_token").asText(null), said.path("id_token").asText(null));
        }
    }

    @GET
    public Way way() throws IOException, InterruptedException {
        return !provider.isOn() ? new Way(null, null, null, null) : new Way(provider.address("authorization_endpoint").orElseThrow(), provider.client(), provider.scope(), provider.address("end_session_endpoint").orElse(null));
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Tokens login(@NotNull @Valid Code code) throws IOException, InterruptedException {
        var form = new LinkedHashMap<String, String>();
        form.put("grant_type", "authorization_code");
        form.put("code", code.code());
        form.put("code_verifier", code.verifier());
        form.put("redirect_uri", code.redirect());
        return Tokens.of(provider.tokens(form));
    }

    @POST
    @Path("renewal")
    @Consumes(MediaType.APPLICATION_JSON)
    public Tokens renew(@NotNull @Valid Renewal renewal) throws IOException, InterruptedException {
        return Tokens.of(provider.tokens(Map.of("grant_type", "refresh_token", "refresh_token", renewal.token())));
    }
}
