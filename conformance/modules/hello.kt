// What programs in Kotlin do all the time: classes, sealed ones too, collections, sorting, exceptions, text.
sealed class Shape { abstract fun area(): Double }
class Circle(val radius: Double) : Shape() { override fun area() = 3.0 * radius * radius }
class Box(val width: Double, val height: Double) : Shape() { override fun area() = width * height }
data class Point(val x: Int, val y: Int) : Comparable<Point> {
    override fun compareTo(other: Point) = compareValuesBy(this, other, { it.y }, { it.x })
}

fun deep(depth: Int): Int = if (depth == 0) throw IllegalStateException("deep down") else deep(depth - 1) + 1

fun main() {
    val shapes = List(10) { if (it % 2 == 0) Circle(it.toDouble()) else Box(it.toDouble(), 2.5) }
    println(shapes.sumOf { it.area() })
    val words = "the quick brown fox jumps over the lazy dog the end".split(" ")
    println(words.groupingBy { it }.eachCount().toList().sortedWith(compareBy({ -it.second }, { it.first })))
    try {
        println(deep(200))
    } catch (problem: IllegalStateException) {
        println("caught ${problem.message}")
    } finally {
        println("finally")
    }
    try {
        println(listOf(1, 2)[5])
    } catch (problem: IndexOutOfBoundsException) {
        println("caught ${problem.message}")
    }
    val lists = HashMap<String, MutableList<Int>>()
    for (i in 0 until 20000) lists.getOrPut("k${i % 97}") { mutableListOf() }.add(i * i % 1009)
    println(lists.entries.sortedBy { it.key }.take(3).map { it.key to it.value.sum() })
    val points = (0 until 500).map { Point(it * 7919 % 101, it * 31 % 17) }.shuffled(kotlin.random.Random(1)).sorted()
    println(points.take(3) + points.takeLast(2))
    println(generateSequence(1L) { it * 3 }.takeWhile { it < 100000 }.joinToString("-"))
    println(Regex("(\\w)o").replace("foo boo zoo", "<$1>"))
    println(buildString { for (c in 'a'..'k') append(c, c.code) })
    println(listOf(1.5f, 1e300, -0.0, Double.NaN, Long.MIN_VALUE, 'x', null, "y".hashCode(), 255.toString(16)))
    val any: List<Any?> = listOf(1, "two", 3.0, listOf(4), null)
    println(any.map { when (it) { is Int -> "int"; is String -> "text ${it.length}"; is List<*> -> "list"; null -> "null"; else -> "other" } })
}
