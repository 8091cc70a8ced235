//! What only shows when every allocation collects garbage.

mod common;

use minivm::raw::heap::Stress;
use minivm::raw::{Limits, RunState, Value};

/// A fiber that only a call reads, which returns what its signature does not allow.
const DEAD_OPERAND: &str = r#"minivm 1
sig0 = (any) -> (f64)
sig1 = () dynamic
sig2 = (any) dynamic
export "main" func2

func0 import "host" "wrong" sig0 (any) -> (f64)
func1 import "host" "fill" sig1 () dynamic

func2 "main" sig1 () dynamic {
  registers r0: any, r1: f64, r2: any, r3: any
  region catch block1..block2 handler block2 error r2 message_handler r3
block0:
  r3 = ref_func func4
  r0 = ref_func func3
  r0 = fiber_new r0
  jump block1
block1:
  r1 = call func0 (r0)
  return_values ()
block2:
  return_values (r2)
}

func3 "body" sig1 () dynamic {
block0:
  return_values ()
}

func4 "handler" sig2 (any) dynamic {
  registers r1: any
block0:
  r1 = ref_func func1
  call_any r1 ()
  r1 = table_new 0, 0
  return_values (r0)
}
"#;

#[test]
fn an_error_in_a_call_does_not_bring_its_operands_back() {
    for is_stepping in [false, true] {
        let mut machine = common::raw_machine(Limits::default());
        let wrong = machine.define("host", "wrong", |call| match call.state() {
            // From here on nothing refers to the argument.
            0 => {
                call.keep(&[])?;
                call.go_on(1)
            }
            _ => {
                call.collect();
                call.return_one(Value::NIL)
            }
        });
        wrong.expect("there is memory");
        // What was the state of the fiber becomes addresses of nothing.
        let fill = machine.define("host", "fill", |call| {
            (1..100).for_each(|words| std::mem::forget(vec![7_u64; words]));
            call.return_none()
        });
        fill.expect("there is memory");
        let program = minivm_isa::text::parse(DEAD_OPERAND).expect("it is well-formed");
        let program = minivm_isa::verify(program).expect("it is valid");
        let instance = machine.instantiate(program).expect("it links");
        let main = machine.exported_function(instance, "main").expect("it is exported");
        machine.heap().set_stress(Stress::Full);
        machine.prepare(main, &[]);
        let state = if is_stepping { machine.step(1000) } else { machine.resume() };
        let RunState::Finished(values) = state else { panic!("it does not finish") };
        let text = machine.describe(values[0]);
        assert!(text.contains("f64 expected, got nil"), "{text}");
    }
}
