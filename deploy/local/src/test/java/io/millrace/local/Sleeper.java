package io.millrace.local;

import java.time.Duration;

/** A process to manage. Argument: for how many seconds it lives. */
final class Sleeper {

    private Sleeper() { }

    public static void main(String[] args) throws InterruptedException {
        var life = Duration.ofSeconds(Integer.parseInt(args[0]));
        System.out.println("sleeping");
        Thread.sleep(life);
    }
}
