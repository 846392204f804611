use super::*;
use indexmap::IndexMap; use secrecy::SecretString; use std::path::*; use crate::failure::Failure;
pub struct Secrets { v: IndexMap<String,SecretString>, f: usize }
impl Secrets { pub fn len(&self)->usize{self.v.len()} pub fn files(&self)->usize{self.f} pub fn iter(&self)->impl Iterator<Item=(&str,&SecretString)>{self.v.iter().map(|(k,v)|(k.as_str(),v))} pub fn get(&self,n:&str)->Option<&SecretString>{self.v.get(n)}
 pub fn child_variables(&self)->Vec<(String,&SecretString)>{ self.v.iter().flat_map(|(k,v)|[(k.clone(),v),(format!("TF_VAR_{}",k.to_lowercase()),v)]).collect() } }
pub fn names(_f:&Path)->Result<Vec<String>,Failure>{Ok(vec![])}
pub fn variables_of(k:&str)->Vec<String>{vec![k.into(), format!("TF_VAR_{}",k.to_lowercase())]}
pub async fn open(_r:&dyn crate::exec::Runner,_v:&std::collections::BTreeMap<std::ffi::OsString,std::ffi::OsString>, _e:&crate::config::Environment)->Result<Secrets,Failure>{ Ok(Secrets{v:[("STORAGE_ACCOUNT_KEY","sk"),("POSTGRES_ADMIN_PASSWORD","pgpass1"),("ACR_ADMIN_PASSWORD","acrpass1")].into_iter().map(|(k,v)|(k.to_string(),v.to_string().into())).collect(), f:2}) }
