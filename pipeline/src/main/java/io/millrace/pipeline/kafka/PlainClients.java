package io.millrace.pipeline.kafka;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Map;

/** Keeps clients that speak plain from a broker that speaks TLS: Kafka's take the first bytes of its answer for the length of a message, and the process ends for want of memory (KAFKA-4090). */
public final class PlainClients {

    private static final String BOOTSTRAP = "bootstrap.servers";
    private static final String PROTOCOL = "security.protocol";
    private static final int PATIENCE_MILLIS = 2_000;
    /** The question for a broker's versions, as Kafka's protocol has it: length, key 18, version 0, a number to know the answer by, no name of a client. */
    private static final byte[] QUESTION = {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, -1, -1};
    /** The first byte of what TLS says to whoever speaks something else: an alert (RFC 8446, 5.1). */
    private static final int ALERT = 21;

    private PlainClients() {}

    /**
     * Asks the brokers, each for at most 4 s, where clients would speak plain. One that does not answer is none of this.
     *
     * @param settings of every client, without {@code kafka.} before them
     * @throws IllegalStateException when one speaks TLS
     */
    public static void requirePlainBrokers(Map<String, ?> settings) {
        var protocol = settings.get(PROTOCOL);
        if (settings.get(BOOTSTRAP) == null || protocol != null && !protocol.toString().endsWith("PLAINTEXT")) {
            return;
        }
        for (var broker : settings.get(BOOTSTRAP).toString().split(",")) {
            if (speaksTls(broker.strip())) {
                throw new IllegalStateException("Kafka at " + broker.strip() + " speaks TLS, and kafka." + PROTOCOL + (protocol == null ? " is not set" : " is " + protocol)
                        + ", so this service would speak plain; set it to SSL or SASL_SSL, and kafka.ssl.truststore.location where the broker's authority is one of your own, or correct kafka." + BOOTSTRAP);
            }
        }
    }

    private static boolean speaksTls(String broker) {
        int colon = broker.lastIndexOf(':');
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(broker.substring(0, Math.max(colon, 0)).replaceAll("^\\[|]$", ""), Integer.parseInt(broker.substring(colon + 1))), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write(QUESTION);
            return socket.getInputStream().read() == ALERT;
        } catch (IOException | IllegalArgumentException e) {
            // Whoever is not there, or has no such address, is told of by the clients.
            return false;
        }
    }
}
