//! Makes PyO3's view of the interpreter (`Py_LIMITED_API`, versions) available as `cfg`.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
