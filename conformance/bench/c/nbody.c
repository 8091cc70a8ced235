/* Gravity between the sun and four planets: f64 arithmetic on an array of structures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 5
#define SUN (4 * 3.141592653589793 * 3.141592653589793)
#define YEAR 365.24

struct body { double at[3], speed[3], mass; };

static struct body bodies[COUNT] = {
    {{0, 0, 0}, {0, 0, 0}, SUN},
    {{4.84143144246472090, -1.16032004402742839, -0.103622044471123109},
     {0.00166007664274403694 * YEAR, 0.00769901118419740425 * YEAR, -0.0000690460016972063023 * YEAR},
     0.000954791938424326609 * SUN},
    {{8.34336671824457987, 4.12479856412430479, -0.403523417114321381},
     {-0.00276742510726411 * YEAR, 0.00499852801234917238 * YEAR, 0.0000230417297573763929 * YEAR},
     0.000285885980666130812 * SUN},
    {{12.8943695621391310, -15.1111514016986312, -0.223307578892655734},
     {0.00296460137564761618 * YEAR, 0.00237847173959480950 * YEAR, -0.0000296589568540237556 * YEAR},
     0.0000436624404335156298 * SUN},
    {{15.3796971148509165, -25.9193146099879641, 0.179258772950371181},
     {0.00268067772490389322 * YEAR, 0.00162824170038242295 * YEAR, -0.0000951592254519715870 * YEAR},
     0.0000515138902046611451 * SUN},
};

static double energy(void) {
    double total = 0;
    for (int i = 0; i < COUNT; i++) {
        struct body *a = &bodies[i];
        for (int d = 0; d < 3; d++) total += 0.5 * a->mass * a->speed[d] * a->speed[d];
        for (int j = i + 1; j < COUNT; j++) {
            double square = 0;
            for (int d = 0; d < 3; d++) {
                double gap = a->at[d] - bodies[j].at[d];
                square += gap * gap;
            }
            total -= a->mass * bodies[j].mass / sqrt(square);
        }
    }
    return total;
}

static void advance(double dt) {
    for (int i = 0; i < COUNT; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < COUNT; j++) {
            struct body *b = &bodies[j];
            double gap[3], square = 0;
            for (int d = 0; d < 3; d++) {
                gap[d] = a->at[d] - b->at[d];
                square += gap[d] * gap[d];
            }
            double pull = dt / (square * sqrt(square));
            for (int d = 0; d < 3; d++) {
                a->speed[d] -= gap[d] * b->mass * pull;
                b->speed[d] += gap[d] * a->mass * pull;
            }
        }
    }
    for (int i = 0; i < COUNT; i++)
        for (int d = 0; d < 3; d++) bodies[i].at[d] += dt * bodies[i].speed[d];
}

int main(int argc, char **argv) {
    int steps = argc > 1 ? atoi(argv[1]) : 500000;
    for (int d = 0; d < 3; d++) {
        double momentum = 0;
        for (int i = 1; i < COUNT; i++) momentum += bodies[i].speed[d] * bodies[i].mass;
        bodies[0].speed[d] = -momentum / SUN;
    }
    double before = energy();
    for (int i = 0; i < steps; i++) advance(0.01);
    printf("%.9f %.9f\n", before, energy());
    return 0;
}
