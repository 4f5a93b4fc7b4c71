package io.millrace.denormalizer.registry;

/** The registry could not be asked, or does not know what it was asked for; asking again later may help. */
public final class RegistryAwayException extends RuntimeException {

    public RegistryAwayException(String message, Throwable cause) {
        super(message, cause);
    }
}
